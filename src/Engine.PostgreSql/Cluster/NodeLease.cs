using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>Keeps this node's lease, and what is served under it: stops all of that when the lease cannot be relied on any more.</summary>
internal sealed class NodeLease : IDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);

    private readonly PostgreSqlPlacementOptions _options;
    private readonly ClusterStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<ShardOrder> _order;
    private readonly ITimer _end;
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, HeldShard> _held = [];
    private readonly ConcurrentDictionary<ShardId, (Fence Fence, long Incarnation)> _acquired = new();
    private LeaseState _state;
    private NodeLife? _life;
    private bool _isLeaving;
    private long _livingIncarnation;

    internal NodeLease(PostgreSqlPlacementOptions options, ClusterStore store, ILogger logger, Action<ShardOrder> order)
    {
        (_options, _store, _time, _logger, _order) = (options, store, options.TimeProvider, logger, order);
        _state = LeaseRules.Begin(Now);
        _end = _time.CreateTimer(static self => ((NodeLease)self!).EndWhenOver(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Gets the life that a lease holds for; <see langword="null"/> between two.</summary>
    internal NodeLife? Life => Volatile.Read(ref _life);

    /// <summary>Gets or sets whether the node is to stay out once it is out.</summary>
    internal bool IsLeaving
    {
        get => Volatile.Read(ref _isLeaving);
        set => Volatile.Write(ref _isLeaving, value);
    }

    private TimeSpan Now => NodeLife.Elapsed(_time);

    /// <summary>Joins for the first time, after the end of a lease that this node's former process left behind.</summary>
    internal async Task JoinAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            try
            {
                if (await TryJoinAsync(cancellationToken).ConfigureAwait(false) is not { } wait)
                {
                    return;
                }

                await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (PostgreSqlErrors.IsAway(failure) && _time.GetElapsedTime(began) < _options.OutageMax)
            {
                await Task.Delay(_options.PollInterval, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is Npgsql.NpgsqlException or TimeoutException or IOException)
            {
                throw PostgreSqlErrors.Of(failure, _store.Where);
            }
        }
    }

    /// <summary>Renews until told to stop or left; joins again when the lease was lost.</summary>
    internal async Task RunAsync(Wakeup news, CancellationToken stopping)
    {
        var sleep = new Wakeup(_time);
        while (!stopping.IsCancellationRequested)
        {
            var (act, until) = LeaseRules.Decide(State(), Now);
            if (act == LeaseAct.Join && IsLeaving)
            {
                news.Wake();
                return;
            }

            try
            {
                switch (act)
                {
                    case LeaseAct.Stop:
                        EndWhenOver();
                        break;
                    case LeaseAct.Renew:
                        await RenewAsync().ConfigureAwait(false);
                        break;
                    case LeaseAct.Join:
                        await JoinAgainAsync(news).ConfigureAwait(false);
                        break;
                    default:
                        var asleep = sleep.SleepAsync(until - Now, stopping);
                        _options.Rested?.Invoke();      // asleep already: a clock that is moved on now wakes it
                        await asleep.ConfigureAwait(false);
                        break;
                }
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever it was: the lease goes on to its end, and what was asked for is asked for again.
                if (!stopping.IsCancellationRequested)
                {
                    ClusterLog.Unanswered(_logger, _options.Node, act == LeaseAct.Join ? "join" : "renewal", failure.Message);
                    Unanswered();
                }
            }
        }
    }

    internal void Note(ShardId shard, Fence fence, long incarnation) => _acquired[shard] = (fence, incarnation);

    /// <summary>Begins to serve a shard, when it was acquired in this life.</summary>
    internal HeldShard Take(ShardId shard, Fence fence)
    {
        lock (_lock)
        {
            if (_life is { Holds: true } life && _acquired.TryRemove(shard, out var acquired) && acquired == (fence, life.Incarnation))
            {
                return _held[shard] = new HeldShard(shard, fence, life);
            }
        }

        var dead = new HeldShard(shard, fence, new NodeLife(_time, 0));
        dead.End();
        _order(new ShardOrder(ShardOrderKind.Stop, shard, fence));
        return dead;
    }

    internal HeldShard? Find(ShardId shard)
    {
        lock (_lock)
        {
            return _held.GetValueOrDefault(shard);
        }
    }

    internal void Forget(HeldShard shard)
    {
        shard.End();
        lock (_lock)
        {
            if (_held.GetValueOrDefault(shard.Shard) == shard)
            {
                _held.Remove(shard.Shard);
            }
        }
    }

    internal Dictionary<ShardId, Fence> Held()
    {
        lock (_lock)
        {
            return _held.ToDictionary(static held => held.Key, static held => held.Value.Fence);
        }
    }

    /// <summary>Ends the lease for good: nothing is served any more.</summary>
    internal void Leave()
    {
        IsLeaving = true;
        Lose(isWanted: true);
    }

    public void Dispose() => _end.Dispose();

    private LeaseState State()
    {
        lock (_lock)
        {
            return _state;
        }
    }

    private async Task RenewAsync()
    {
        var sentAt = Now;
        if (Life is not { } life)
        {
            return;
        }

        if (!await _store.RenewAsync(_options.Node, life.Incarnation, CancellationToken.None).ConfigureAwait(false) || !TryExtend(life, sentAt))
        {
            Lose();
        }
    }

    private bool TryExtend(NodeLife life, TimeSpan sentAt)
    {
        lock (_lock)
        {
            if (_life != life || _state is not LeaseState.Held held || LeaseRules.Renewed(held, sentAt, Now) is not LeaseState.Held renewed)
            {
                return false;
            }

            _state = renewed;
            life.Extend(renewed.ValidUntil);
            _end.Change(Due(renewed.ValidUntil), Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    private async Task JoinAgainAsync(Wakeup news)
    {
        try
        {
            if (await TryJoinAsync(CancellationToken.None).ConfigureAwait(false) is { } wait)
            {
                Defer(wait);
            }
            else
            {
                news.Wake();
            }
        }
        catch (EngineException refused)
        {
            ClusterLog.Refused(_logger, _options.Node, refused.Message);
            Defer(_options.LeaseLength);
        }
    }

    /// <summary>Joins; gives how long to wait when a node of this name has a lease yet.</summary>
    private async Task<TimeSpan?> TryJoinAsync(CancellationToken cancellationToken)
    {
        var previous = State() is LeaseState.Out state ? state.Previous : 0;
        var sentAt = Now;
        var answer = await _store.JoinAsync(_options, previous, cancellationToken).ConfigureAwait(false);
        switch (answer.Verdict)
        {
            case JoinVerdict.OtherName:
                throw ClusterErrors.OtherName(_store.Where, _options.ClusterName);
            case JoinVerdict.OtherGroups:
                throw ClusterErrors.OtherGroups(_store.Where);
            case JoinVerdict.NameInUse when answer.Incarnation == _livingIncarnation:
                _livingIncarnation = 0;
                throw ClusterErrors.NameInUse(_options.Node);     // it was waited for once, and has renewed
            case JoinVerdict.NameInUse:
                _livingIncarnation = answer.Incarnation;
                return answer.Wait;
            default:
                break;
        }

        lock (_lock)
        {
            _state = LeaseRules.Joined(answer.Incarnation, answer.Length, sentAt, Now);
            if (_state is LeaseState.Held held)
            {
                var life = new NodeLife(_time, answer.Incarnation);
                life.Extend(held.ValidUntil);
                Volatile.Write(ref _life, life);
                _end.Change(Due(held.ValidUntil), Timeout.InfiniteTimeSpan);
            }
        }

        ClusterLog.Joined(_logger, _options.Node, _options.ClusterName, answer.Incarnation, (long)answer.Length.TotalMilliseconds);
        return State() is LeaseState.Held ? null : ShortestPause;
    }

    private void EndWhenOver()
    {
        switch (State())
        {
            case LeaseState.Held held when Now >= held.ValidUntil:
                Lose();
                break;
            case LeaseState.Held held:
                _end.Change(Due(held.ValidUntil) + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);     // a timer may be early
                break;
            default:
                break;
        }
    }

    private void Lose(bool isWanted = false)
    {
        List<HeldShard> stopped;
        lock (_lock)
        {
            if (_state is not LeaseState.Held held)
            {
                return;
            }

            _state = LeaseRules.Over(held, Now);
            _life?.End();
            Volatile.Write(ref _life, null);
            stopped = [.. _held.Values];
            _held.Clear();
            stopped.ForEach(static shard => shard.End());
        }

        if (!isWanted)
        {
            ClusterLog.LeaseLost(_logger, _options.Node, stopped.Count);
        }

        stopped.ForEach(shard => _order(new ShardOrder(ShardOrderKind.Stop, shard.Shard, shard.Fence)));
    }

    private void Unanswered()
    {
        lock (_lock)
        {
            _state = _state switch
            {
                LeaseState.Held held when LeaseRules.Unanswered(held, Now) is LeaseState.Held still => still,
                LeaseState.Out state => LeaseRules.NotJoined(state, Now, ShortestPause),
                var same => same,       // over: the next decision says so
            };
        }
    }

    private void Defer(TimeSpan wait)
    {
        lock (_lock)
        {
            if (_state is LeaseState.Out state)
            {
                _state = LeaseRules.NotJoined(state, Now, wait);
            }
        }
    }

    private TimeSpan Due(TimeSpan at) => at > Now ? at - Now : TimeSpan.Zero;
}

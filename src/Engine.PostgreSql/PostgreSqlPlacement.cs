using System.Collections.Concurrent;
using Kyberium.Engine.PostgreSql.Cluster;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.PostgreSql;

/// <summary>A node's place in a cluster that is kept in PostgreSQL, beside the journal: membership, lease, orders, and a part in planning.</summary>
/// <remarks>
/// <para>One renewal an interval covers all shards of the node. The lease is counted by the database's clock; this node stops at nine tenths of it,
/// counted by its monotonic clock from when it sent the renewal. Then it joins again, as a new incarnation.</para>
/// <para>Works without a session's state, so that a pooler in transaction mode may stand between; <see cref="PostgreSqlPlacementOptions.Listens"/> is
/// to be off there. Give it to <see cref="PostgreSqlJournalOptions.Placement"/>. Disposing it does not leave: the lease runs out. Layout and reasons:
/// docs/formats/postgresql.md, docs/decisions/0013-placement-and-leases.md.</para>
/// </remarks>
public sealed class PostgreSqlPlacement : IPlacement
{
    private readonly PostgreSqlPlacementOptions _options;
    private readonly ClusterStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AllocatorRound _allocator;
    private readonly NodeLease _lease;
    private readonly Wakeup _news;
    private readonly ShardTable _table = new();
    private readonly ConcurrentDictionary<ShardId, double> _loads = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _running = [];
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, ShardOwner> _corrections = [];
    private ShardMap _map = ShardMap.Empty;
    private IReadOnlyList<ClusterMember> _members = [];
    private IShardHost? _host;
    private bool _isAllocator;
    private bool _mayAllocate = true;       // the first round finds out
    private int _disposed;

    private PostgreSqlPlacement(PostgreSqlPlacementOptions options, ClusterStore store)
    {
        (_options, _store, _time) = (options, store, options.TimeProvider);
        _logger = options.LoggerFactory.CreateLogger<PostgreSqlPlacement>();
        _news = new Wakeup(_time);
        _lease = new NodeLease(options, store, _logger, order => _host!.Take(order));
        _allocator = new AllocatorRound(store, $"{options.Node} {Guid.NewGuid():N}", options.AllocatorPriority, options.MovesMax, _logger);
    }

    /// <inheritdoc/>
    public NodeId Self => _options.Node;

    /// <inheritdoc/>
    public ShardMap Map => Volatile.Read(ref _map);

    /// <inheritdoc/>
    public IReadOnlyList<ClusterMember> Members => Volatile.Read(ref _members);

    /// <summary>Gets what becomes of operators' wishes, when this node allocates; else nothing.</summary>
    public IReadOnlyList<WishOutcome> Wishes => Volatile.Read(ref _isAllocator) ? _allocator.Wishes : [];

    /// <summary>Connects to the database, and makes or migrates the schema when that is needed. Does not join yet.</summary>
    /// <exception cref="EngineException">As <see cref="PostgreSqlJournal.OpenAsync"/>.</exception>
    public static async Task<PostgreSqlPlacement> OpenAsync(PostgreSqlPlacementOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PostgreSqlPlacement(options, await ClusterStore.OpenAsync(options, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    /// <remarks>A node that comes back before its former lease is over waits for that, and for nothing else.</remarks>
    public async ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        await _lease.JoinAsync(cancellationToken).ConfigureAwait(false);
        _running.Add(Task.Run(() => _lease.RunAsync(_news, _stopping.Token), CancellationToken.None));
        _running.Add(Task.Run(RunAsync, CancellationToken.None));
        if (_options.Listens)
        {
            _running.Add(Task.Run(ListenAsync, CancellationToken.None));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return new ValueTask<IShardLease>(_lease.Take(shard, fence));
    }

    /// <inheritdoc/>
    public async ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (_lease.Find(shard) is not { } held || held.Fence != fence)
        {
            return;
        }

        held.IsReleased = true;
        held.End();
        await AskAsync(() => _store.ReleaseAsync(shard, fence, Self, held.Life.Incarnation, cancellationToken)).ConfigureAwait(false);
        _lease.Forget(held);
        _news.Wake();
    }

    /// <inheritdoc/>
    public void ReportLoad(ShardId shard, double load)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(load);
        ArgumentOutOfRangeException.ThrowIfEqual(double.IsFinite(load), false, nameof(load));
        _loads[shard] = load;
    }

    /// <inheritdoc/>
    public void Correct(ShardId shard, ShardOwner owner)
    {
        lock (_lock)
        {
            var corrected = _map.With(shard, owner);
            if (corrected != _map)
            {
                (_corrections[shard], _map) = (owner, corrected);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask LeaveAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (_lease.Life is { } life)
        {
            await AskAsync(() => _store.TurnAsync(Self, life.Incarnation, MemberState.Leaving, cancellationToken)).ConfigureAwait(false);
            _lease.IsLeaving = true;
            _news.Wake();
            await _empty.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            _lease.Leave();
            await AskAsync(() => _store.DepartAsync(Self, life.Incarnation, cancellationToken)).ConfigureAwait(false);
            ClusterLog.Left(_logger, Self, _options.ClusterName);
        }
    }

    /// <summary>Stops taking part. Shards that are still here may be served until the lease is over, and are then given to others: leave first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(_running).ConfigureAwait(false);
            _lease.Dispose();
            await _store.DisposeAsync().ConfigureAwait(false);
            _stopping.Dispose();
        }
    }

    /// <summary>Gets under which incarnation the journal is to acquire a shard.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.LeaseLost"/>.</exception>
    internal long IncarnationForAcquire() => _lease.Life is { Holds: true } life ? life.Incarnation : throw ClusterErrors.LeaseLost(Self);

    /// <summary>Takes from the journal that it acquired a shard, so that a lease is given for this fence and life only.</summary>
    internal void NoteAcquired(ShardId shard, Fence fence, long incarnation) => _lease.Note(shard, fence, incarnation);

    private async Task AskAsync(Func<Task> ask)
    {
        try
        {
            await ask().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is Npgsql.NpgsqlException or TimeoutException or IOException)
        {
            throw PostgreSqlErrors.Of(failure, _store.Where);
        }
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await RoundAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever it was: the next round begins with what the database has then.
                if (!_stopping.IsCancellationRequested)
                {
                    ClusterLog.Unanswered(_logger, Self, "plan", failure.Message);
                }
            }

            var sleep = _news.SleepAsync(_options.PollInterval, _stopping.Token);
            _options.Looked?.Invoke();      // asleep already: a clock that is moved on now wakes it
            await sleep.ConfigureAwait(false);
        }
    }

    private async Task RoundAsync()
    {
        if (_isAllocator || _mayAllocate)
        {
            _mayAllocate = false;
            Volatile.Write(ref _isAllocator, await _allocator.RunAsync(CancellationToken.None).ConfigureAwait(false));
        }

        var loads = _loads.ToList();
        if (loads.Count > 0)
        {
            await _store.ReportLoadsAsync(loads, CancellationToken.None).ConfigureAwait(false);
            loads.ForEach(load => _loads.TryRemove(load));
        }

        var life = _lease.Life;     // orders are for the life that the reading came after
        var reading = await _store.ReadAsync(_table.ReadFrom, _options.AllocatorPriority, CancellationToken.None).ConfigureAwait(false);
        Show(reading);
        _mayAllocate = _options.AllocatorPriority >= 0 && reading.MayAllocate && !_isAllocator;
        if (_mayAllocate)
        {
            _news.Wake();
        }

        if (life is null || life != _lease.Life)
        {
            EndLeaving(_lease.IsLeaving && _lease.Life is null);
            return;
        }

        var held = _lease.Held();
        var orders = ShardOrders.Of(Self, life.Incarnation, _table, held);
        foreach (var order in orders)
        {
            if (order.Kind == ShardOrderKind.Stop)
            {
                if (_lease.Find(order.Shard) is not { } lost || lost.Fence != order.Fence)
                {
                    continue;       // given up since it was looked at; what a lost lease takes away is ordered there
                }

                _lease.Forget(lost);
                if (lost.IsReleased)
                {
                    continue;       // the next owner has it before the answer to the release was here
                }
            }

            _host!.Take(order);
        }

        EndLeaving(_lease.IsLeaving && held.Count == 0
            && !_table.Shards.Values.Any(facts => facts.Planned == Self || (facts.Owner == Self && facts.Incarnation == life.Incarnation)));
    }

    private void EndLeaving(bool hasNothing)
    {
        if (hasNothing)
        {
            _empty.TrySetResult();
        }
    }

    private void Show(ClusterReading reading)
    {
        lock (_lock)
        {
            if (_table.Apply(reading) | _map.Version == 0 | !_members.Select(static member => (member.Node, member.Address))
                .SequenceEqual(reading.Members.Select(static member => (member.Node, member.Address))))
            {
                var map = _table.ToMap(reading.Members);
                foreach (var (shard, owner) in _corrections.ToList())
                {
                    var corrected = map.With(shard, owner);
                    if (corrected == map || _table.Shards.GetValueOrDefault(shard).Fence.Value >= owner.Fence.Value)
                    {
                        _corrections.Remove(shard);     // the database knows as much
                    }
                    else
                    {
                        map = corrected;
                    }
                }

                _map = map;
            }

            _members = reading.Members;
        }
    }

    private async Task ListenAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _store.ListenAsync(_news.Wake, _options.PollInterval, _stopping.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever it was: the next round begins with what the database has then.
                if (!_stopping.IsCancellationRequested)
                {
                    ClusterLog.Unanswered(_logger, Self, "word of changes", failure.Message);
                    await Task.Delay(_options.PollInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }
}

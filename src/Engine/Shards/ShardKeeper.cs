using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

/// <summary>Keeps one shard while it is ordered here: starts it, recovers it when a fault ended it, hands it on.</summary>
/// <remarks>
/// <code>
///  away ──acquire──▶ starting ──▶ running ──give up──▶ drained, released ──▶ away
///   ▲                  │  ▲          │ │
///   │      lease over  │  └─ fault ──┘ └── stop, fenced, lease over ──▶ away
///   └──────────────────┴── damaged ──▶ down, until this process ends
/// </code>
/// A stay is one way from "away" back to it. Orders are levels: one that says what is so already does nothing.
/// </remarks>
internal sealed class ShardKeeper
{
    private const int RestartMillisMin = 100;
    private const int RestartMillisMax = 10_000;

    private readonly ShardEnvironment _environment;
    private readonly IPlacement _placement;
    private readonly IHandshakeProvider? _handshakes;
    private readonly Action<ShardId, EngineException> _ended;
    private readonly Action<Shard?> _publish;
    private readonly Lock _lock = new();
    private readonly List<Task> _work = [];
    private Stay? _stay;
    private EngineException? _down;
    private bool _isStopped;

    /// <param name="publish">Takes the shard that serves from now on, or <see langword="null"/>.</param>
    internal ShardKeeper(
        ShardEnvironment environment, IPlacement placement, IHandshakeProvider? handshakes, ShardId id, Action<ShardId, EngineException> ended,
        Action<Shard?> publish)
    {
        (_environment, _placement, _handshakes, Id, _ended, _publish) = (environment, placement, handshakes, id, ended, publish);
    }

    internal ShardId Id { get; }

    /// <summary>Gets why the shard stays down until an operator has looked, or it is ordered here anew.</summary>
    internal EngineException? Down => Volatile.Read(ref _down);

    /// <summary>Begins a stay, unless one is under way or the shard is damaged. Who orders it hears nothing of a failure, and orders it again.</summary>
    internal async Task TryAcquireAsync(ShardWitness? witness)
    {
        try
        {
            await AcquireAsync(witness).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            _ended(Id, failure as EngineException ?? ShardErrors.Broken(Id, failure));
        }
    }

    /// <summary>Begins a stay, unless one is under way or the shard is damaged.</summary>
    /// <returns>Completes when the shard serves, or stays down. Fails with what kept it from starting.</returns>
    internal Task AcquireAsync(ShardWitness? witness)
    {
        Stay stay;
        lock (_lock)
        {
            if (_isStopped || _stay is not null || _down is { Code: EngineErrorCode.JournalCorrupt })
            {
                return Task.CompletedTask;
            }

            _down = null;
            _stay = stay = new Stay(_environment.Scheduler.Completion);
            Track(stay.Ended.Task);
        }

        // As work of its own: a store that answers at once would have shards recovered one after the other on the caller's thread.
        _environment.Scheduler.Post(_ => _ = RunAsync(stay, witness), null);
        return stay.Started.Task;
    }

    /// <summary>Hands the shard on that is had under a fence.</summary>
    internal void GiveUp(Fence fence)
    {
        lock (_lock)
        {
            if (_stay is { } stay)
            {
                if (stay.Shard?.Fence != fence || stay.IsGivenUp)
                {
                    return;     // it is starting, or on its way out: the order comes again
                }

                stay.IsGivenUp = true;
            }

            Track(ReleaseAsync(_stay, fence));
        }
    }

    /// <summary>Serves no longer, from this moment.</summary>
    internal void Stop(Fence fence)
    {
        Stay stay;
        lock (_lock)
        {
            if (_stay is not { Shard: { } shard } present || shard.Fence != fence)
            {
                return;
            }

            stay = present;
            _publish(null);
            Track(shard.AbandonAsync(ShardErrors.Elsewhere(Id)));
        }

        stay.Leave.Cancel();
    }

    /// <summary>Drains and checkpoints what runs. What cannot is left as a crash would leave it.</summary>
    internal async Task StopAsync()
    {
        Stay? stay;
        lock (_lock)
        {
            _isStopped = true;
            stay = _stay;
        }

        stay?.Leave.Cancel();       // no more restarts
        if (stay is { IsGivenUp: false, Shard: { } shard })
        {
            await DrainAsync(shard, ShardErrors.Stopping(Id)).ConfigureAwait(false);
        }
    }

    /// <summary>Ends what runs, as a crash would, and waits until nothing does.</summary>
    internal async Task DisposeAsync()
    {
        Stay? stay;
        List<Task> work;
        lock (_lock)
        {
            _isStopped = true;
            stay = _stay;
            work = [.. _work];
        }

        stay?.Leave.Cancel();
        if (stay?.Shard is { } shard)
        {
            await shard.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(work).ConfigureAwait(false);
    }

    private async Task RunAsync(Stay stay, ShardWitness? witness)
    {
        try
        {
            var shard = await BeginAsync(stay, witness).ConfigureAwait(false);
            stay.Started.TrySetResult();
            for (var wait = RestartMillisMin; shard is not null; wait = Math.Min(RestartMillisMax, wait * 2))
            {
                var startedAt = _environment.Scheduler.MonotonicMillis;
                if (await EndOfAsync(stay, shard).ConfigureAwait(false))
                {
                    break;
                }

                if (_environment.Scheduler.MonotonicMillis - startedAt > RestartMillisMax)
                {
                    wait = RestartMillisMin;
                }

                shard = await RestartAsync(stay, shard.Fence, wait).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            stay.Started.TrySetException(failure);      // whoever waits for the start; else the order comes again
        }
        finally
        {
            lock (_lock)
            {
                _stay = null;
            }

            stay.Ended.TrySetResult();
        }
    }

    private async Task<Shard?> BeginAsync(Stay stay, ShardWitness? witness)
    {
        try
        {
            return await StartAsync(stay, witness, claim: null).ConfigureAwait(false);
        }
        catch (EngineException damaged) when (damaged.Code == EngineErrorCode.JournalCorrupt)
        {
            GoDown(damaged);
            return null;
        }
        catch (OperationCanceledException) when (stay.Leave.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Acquires and recovers the shard, and serves it when the lease for it holds.</summary>
    private async Task<Shard?> StartAsync(Stay stay, ShardWitness? witness, ShardClaim? claim)
    {
        var shard = await Shard.StartAsync(_environment, Id, witness, claim, _handshakes, stay.Leave.Token).ConfigureAwait(false);
        try
        {
            shard.Lease = await _placement.AcquiredAsync(Id, shard.Fence, stay.Leave.Token).ConfigureAwait(false);
            lock (_lock)
            {
                if (!_isStopped && !stay.Leave.IsCancellationRequested && shard.Lease.MayServe)
                {
                    stay.Shard = shard;
                    _publish(shard);
                    return shard;
                }
            }
        }
        catch
        {
            await shard.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await shard.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    /// <summary>Waits until a shard has ended; gives whether the stay is over with it.</summary>
    private async Task<bool> EndOfAsync(Stay stay, Shard shard)
    {
        try
        {
            await shard.Ended.ConfigureAwait(false);
            return true;
        }
        catch (EngineException reason)
        {
            lock (_lock)
            {
                stay.Shard = null;
                _publish(null);
            }

            GoDown(reason);
            await shard.DisposeAsync().ConfigureAwait(false);
            return IsOver(reason);
        }
    }

    private async Task<Shard?> RestartAsync(Stay stay, Fence fence, int wait)
    {
        var claim = new ShardClaim(Id, fence);
        while (true)
        {
            try
            {
                await _environment.Scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), stay.Leave.Token).ConfigureAwait(false);
                return await StartAsync(stay, null, claim).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stay.Leave.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever a journal or keyring throws: the shard is not given up while it may come back.
                var reason = failure as EngineException ?? ShardErrors.Broken(Id, failure);
                GoDown(reason);
                if (IsOver(reason))
                {
                    return null;
                }

                wait = Math.Min(RestartMillisMax, wait * 2);
            }
        }
    }

    /// <summary>Drains the shard when it still runs, and tells the placement; what that does not take is ordered again.</summary>
    private async Task ReleaseAsync(Stay? stay, Fence fence)
    {
        if (stay is { Shard: { } shard })
        {
            stay.Leave.Cancel();
            await DrainAsync(shard, ShardErrors.Elsewhere(Id)).ConfigureAwait(false);
            await stay.Ended.Task.ConfigureAwait(false);
        }

        try
        {
            await _placement.ReleasedAsync(Id, fence, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            _ended(Id, failure);
        }
    }

    private async Task DrainAsync(Shard shard, EngineException reason)
    {
        try
        {
            await shard.StopAsync(reason).ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            if (failure.Code is not (EngineErrorCode.ShardElsewhere or EngineErrorCode.EngineStopping))     // it was stopped meanwhile
            {
                _ended(Id, failure);      // the journal holds everything that was answered
            }
        }

        _publish(null);
    }

    private void GoDown(EngineException reason)
    {
        Volatile.Write(ref _down, IsOver(reason) ? reason : null);
        _ended(Id, reason);
    }

    /// <summary>Damage does not heal by itself, and a shard that has another owner is not taken back from it.</summary>
    private static bool IsOver(EngineException reason) =>
        reason.Code is EngineErrorCode.JournalCorrupt or EngineErrorCode.ShardFenced or EngineErrorCode.LeaseLost;

    private void Track(Task work)
    {
        _work.RemoveAll(static done => done.IsCompletedSuccessfully);
        _work.Add(work);
    }

    private sealed class Stay(TaskCreationOptions completion)
    {
        internal TaskCompletionSource Started { get; } = new(completion);

        internal TaskCompletionSource Ended { get; } = new(completion);

        internal CancellationTokenSource Leave { get; } = new();

        internal Shard? Shard { get; set; }

        internal bool IsGivenUp { get; set; }
    }
}

namespace Kyberium.Engine.Shards;

/// <summary>How a shard ends: stopped, abandoned or by a fault; whoever waits in it is answered.</summary>
internal sealed partial class Shard
{
    private readonly TaskCompletionSource _ended;
    private readonly TaskCompletionSource _buried;
    private int _disposed;
    private volatile EngineException? _stopReason;
    private volatile TaskCompletionSource? _quiet;
    private volatile bool _stopping;

    /// <summary>Gets a task that ends when the shard has ended: normally after a stop, or with what ended it.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Takes no more from callers, finishes what it has, writes a last checkpoint and ends.</summary>
    /// <remarks>Whoever waits for a session is told to come again: that answer lies with a peer, not here.</remarks>
    /// <param name="reason">What whoever comes too late is told.</param>
    internal async ValueTask StopAsync(EngineException reason)
    {
        _stopReason = reason;
        _mailbox.Complete();
        _store.BeginStop();
        var quiet = new TaskCompletionSource(_environment.Scheduler.Completion);
        PostInternal(new TurnWork(
            _ =>
            {
                _quiet = quiet;
                FailSessionWaiters(reason);
            },
            null,
            _ => quiet.TrySetResult()));
        await quiet.Task.ConfigureAwait(false);
        try
        {
            if (_open.Fault is null)
            {
                await (_audit?.StopAsync() ?? Task.CompletedTask).ConfigureAwait(false);
                await LastCheckpointAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends at once and writes nothing: another may have the shard.</summary>
    internal async Task AbandonAsync(EngineException reason)
    {
        _stopReason = reason;
        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _ticks.Close();
        End(StopReason);
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;     // whoever came first does it; the set of shards waits for all who may
        }

        await _buried.Task.ConfigureAwait(false);       // no turn runs any more, and none will; awaited once: of two, one would come by the pool
        _ticks.Dispose();
        _checkpointTimer?.Dispose();
        await _computing.CloseAsync().ConfigureAwait(false);
        await _performing.CloseAsync().ConfigureAwait(false);
        await _upkeep.DisposeAsync().ConfigureAwait(false);
        if (_audit is not null)
        {
            await _audit.DisposeAsync().ConfigureAwait(false);
        }

        await _store.DisposeAsync().ConfigureAwait(false);
        foreach (var traffic in _traffic.ToArray())
        {
            _traffic.Remove(traffic);
            traffic.Dispose();
        }

        foreach (var peer in _residents.Peers)
        {
            peer.HasLeft = true;
            _environment.Lookup.Forget(peer);
            peer.State.Erase();
            peer.Vault?.Dispose();
        }

        _residents.Clear();
    }

    private EngineException StopReason => _stopReason ?? ShardErrors.Stopping(Id);

    /// <summary>Lets nothing more be staged or performed. What belongs to the turn is answered there, see <see cref="Bury"/>.</summary>
    private void End(EngineException reason)
    {
        if (!_open.TryEnd(reason, out var unanswered))
        {
            return;
        }

        _mailbox.Complete();
        foreach (var turn in unanswered)
        {
            turn.Fail(reason);
        }

        Schedule();
    }

    /// <summary>Answers everything that waits here; runs in the turn, which alone may look at it, and again for what comes later.</summary>
    private void Bury(EngineException reason)
    {
        var notBegun = ShardErrors.NotBegun(reason);        // none of it was handed to the journal
        while (_internal.TryDequeue(out var work))
        {
            work.Fail(notBegun);
        }

        while (_mailbox.TryRead(out var work))
        {
            work.Fail(notBegun);
        }

        _turn?.Fail(notBegun);
        _turn = null;
        foreach (var work in _parked.TakeAll())
        {
            work.Fail(notBegun);
        }

        FailSessionWaiters(reason);
        _checkpoint?.Fail(reason);
        _checkpoint = null;
        _quiet?.TrySetResult();
        if (reason.Code is EngineErrorCode.EngineStopping or EngineErrorCode.ShardElsewhere)
        {
            _ended.TrySetResult();
        }
        else
        {
            _ended.TrySetException(reason);
        }

        _buried.TrySetResult();
    }

    private void FailSessionWaiters(EngineException reason)
    {
        foreach (var peer in _residents.Peers)
        {
            var waiters = peer.SessionWaiters ?? [];
            peer.SessionWaiters = null;
            foreach (var waiter in waiters)
            {
                waiter.Fail(reason);
            }
        }
    }
}

namespace Kyberium.Engine.Audit;

/// <summary>Hands durable audit events on to a sink, in order, without holding up a shard.</summary>
internal sealed class AuditTrail(EngineScheduler scheduler, IAuditSink? sink, Action<AuditEvent> log, Action<Exception> failed, Action<ShardId> full)
    : IAuditTrail, IAsyncDisposable
{
    /// <summary>How long a stop waits for a sink that does not answer. What it has not taken stays in the journal.</summary>
    internal static readonly TimeSpan StopWaitMax = TimeSpan.FromSeconds(10);

    private const int RetryMillisMin = 100;
    private const int RetryMillisMax = 30_000;

    private readonly SerialLane _lane = new(scheduler);
    private readonly SerialLane _identities = new(scheduler);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _closing = new();

    public void Durable(AuditEvent auditEvent, Action? handedOn = null)
    {
        log(auditEvent);
        if (sink is null)
        {
            handedOn?.Invoke();
            return;
        }

        _identities.Enqueue(() => HandOnAsync(auditEvent, handedOn));
    }

    /// <summary>Offers an identity's event until the sink takes it or the engine stops; the ones after it wait, so that order is kept.</summary>
    private async Task HandOnAsync(AuditEvent auditEvent, Action? handedOn)
    {
        try
        {
            for (var wait = RetryMillisMin; !await TryHandOnAsync(auditEvent, wait > RetryMillisMin, _stopping.Token).ConfigureAwait(false);)
            {
                await scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), _closing.Token).ConfigureAwait(false);
                wait = Math.Min(RetryMillisMax, wait * 2);
            }

            handedOn?.Invoke();
        }
        catch (OperationCanceledException)
        {
            // The engine stops: the event stays in the store, and the next start hands it on.
        }
    }

    public AuditBacklog? Open(LogPosition end, IEnumerable<(AuditEvent Event, bool HasRow)> left) =>
        sink is null ? null : new AuditBacklog(this, scheduler, end, left);

    public bool HasSink => sink is not null;

    public void Log(AuditEvent auditEvent) => log(auditEvent);

    /// <summary>Hands one event to the sink, after those of other shards that came before.</summary>
    /// <param name="auditEvent">A durable event.</param>
    /// <param name="isRepeated">Whether the sink failed the last time, which was reported then.</param>
    /// <param name="cancellationToken">Ends the shard's waiting for the sink.</param>
    /// <returns>Whether the sink took it.</returns>
    internal Task<bool> TryHandOnAsync(AuditEvent auditEvent, bool isRepeated, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<bool>(scheduler.Completion);
        _lane.Enqueue(async () =>
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();       // nobody heeds the answer any more
                await sink!.WriteAsync(auditEvent, cancellationToken).ConfigureAwait(false);
                done.TrySetResult(true);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellationToken);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                if (!isRepeated)
                {
                    failed(failure);    // a third party's sink: its failure is reported, and must not end the engine
                }

                done.TrySetResult(false);
            }
        });
        return done.Task.WaitAsync(cancellationToken);      // another shard's event may be stuck in front
    }

    internal void Full(ShardId shard) => full(shard);

    internal Task DrainAsync() => _lane.DrainAsync();

    private async Task DrainAllAsync()
    {
        await _identities.DrainAsync().ConfigureAwait(false);
        await _lane.DrainAsync().ConfigureAwait(false);
    }

    /// <summary>Waits for what was handed to the sink, and lets go of a sink that does not answer.</summary>
    public async ValueTask DisposeAsync()
    {
        _closing.Cancel();      // in place: CancelAsync would use the pool. A sink that fails is not waited for
        try
        {
            await DrainAllAsync().WaitAsync(StopWaitMax, scheduler.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _stopping.Cancel();
            await DrainAllAsync().ConfigureAwait(false);
        }

        _stopping.Dispose();
        _closing.Dispose();
    }
}

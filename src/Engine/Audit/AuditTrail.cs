namespace Kyberium.Engine.Audit;

/// <summary>Hands durable audit events on to a sink, in order, without holding up a shard.</summary>
internal sealed class AuditTrail(EngineScheduler scheduler, IAuditSink? sink, Action<AuditEvent> log, Action<Exception> failed) : IAuditTrail
{
    private readonly SerialLane _lane = new(scheduler);

    public void Durable(AuditEvent auditEvent, Action? handedOn = null)
    {
        log(auditEvent);
        if (sink is null)
        {
            handedOn?.Invoke();
            return;
        }

        _lane.Enqueue(async () =>
        {
            try
            {
                await sink.WriteAsync(auditEvent).ConfigureAwait(false);
                handedOn?.Invoke();
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                failed(failure);    // a third party's sink: its failure is reported, and must not end the engine
            }
        });
    }

    internal Task DrainAsync() => _lane.DrainAsync();
}

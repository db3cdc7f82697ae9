namespace Kyberium.Engine.Audit;

/// <summary>Takes audit events that are durable. Never throws.</summary>
internal interface IAuditTrail
{
    void Durable(AuditEvent auditEvent);

    /// <summary>Gets whether anybody takes events beside the log.</summary>
    bool HasSink { get; }

    /// <summary>Writes a durable event to the log.</summary>
    void Log(AuditEvent auditEvent);

    /// <summary>Begins to hand on the events of a shard; <see langword="null"/> without a sink.</summary>
    AuditBacklog? Open(LogPosition end, IEnumerable<(AuditEvent Event, bool HasRow)> left);
}

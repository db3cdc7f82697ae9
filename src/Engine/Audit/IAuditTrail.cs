namespace Kyberium.Engine.Audit;

/// <summary>Takes audit events that are durable. Never throws.</summary>
internal interface IAuditTrail
{
    /// <param name="auditEvent">What is durable.</param>
    /// <param name="handedOn">Runs once a sink has taken it, or there is none; not when the sink failed.</param>
    void Durable(AuditEvent auditEvent, Action? handedOn = null);

    /// <summary>Gets whether anybody takes events beside the log.</summary>
    bool HasSink { get; }

    /// <summary>Writes a durable event to the log.</summary>
    void Log(AuditEvent auditEvent);

    /// <summary>Begins to hand on the events of a shard; <see langword="null"/> without a sink.</summary>
    AuditBacklog? Open(LogPosition end, IEnumerable<(AuditEvent Event, bool HasRow)> left);
}

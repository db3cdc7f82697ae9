namespace Kyberium.Engine.Audit;

/// <summary>Takes audit events that are durable. Never throws.</summary>
internal interface IAuditTrail
{
    /// <param name="auditEvent">What is durable.</param>
    /// <param name="handedOn">Runs once a sink has taken it, or there is none; not when the sink failed.</param>
    void Durable(AuditEvent auditEvent, Action? handedOn = null);
}

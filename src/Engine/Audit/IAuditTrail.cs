namespace Kyberium.Engine.Audit;

/// <summary>Takes audit events that are durable. Never throws.</summary>
internal interface IAuditTrail
{
    void Durable(AuditEvent auditEvent);
}

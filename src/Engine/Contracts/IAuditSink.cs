namespace Kyberium.Engine;

/// <summary>Takes audit events once they are durable in the journal, in order for each shard.</summary>
public interface IAuditSink : IAsyncDisposable
{
    /// <summary>Takes one event. It is repeated after a crash that came before this completed: <see cref="AuditEvent.Shard"/>,
    /// <see cref="AuditEvent.Position"/> and <see cref="AuditEvent.Ordinal"/> together tell a repeat.</summary>
    ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default);
}

/// <summary>Something that was done or that happened, for people who must be able to tell later. No secret, no payload.</summary>
/// <param name="At">Wall time.</param>
/// <param name="Kind">What happened: a stable word, e.g. <c>session-established</c> (docs/operating/audit.md).</param>
/// <param name="Identity">This side's identity.</param>
/// <param name="Peer">The peer, when it concerns one.</param>
/// <param name="Actor">Who asked for it; <c>peer</c> or <c>engine</c> when nobody here did.</param>
/// <param name="Correlation">The caller's own id for what this belongs to; empty when none was given.</param>
/// <param name="Detail">More, for reading.</param>
/// <param name="Shard">The shard whose journal holds the event.</param>
/// <param name="Position">The record that holds it.</param>
/// <param name="Ordinal">Its place in that record, 0-based.</param>
/// <param name="Operation">The id of the act it tells of; empty when nobody's act caused it.</param>
public sealed record AuditEvent(
    DateTimeOffset At, string Kind, string Identity, string Peer, string Actor, string Correlation, string Detail,
    ShardId Shard, LogPosition Position, int Ordinal, Guid Operation = default);

using System.Diagnostics.Metrics;

namespace Kyberium.Engine;

/// <summary>The engine's instruments (docs/operating/metrics.md). Names follow OpenTelemetry's conventions.</summary>
internal sealed class EngineMeter : IDisposable
{
    internal const string Name = "Kyberium.Engine";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _refused;

    internal EngineMeter(SessionEngine engine)
    {
        _refused = _meter.CreateCounter<long>("kyberium.envelopes.refused", "{envelope}", "Envelopes that arrived and were not taken.");
        _meter.CreateObservableGauge("kyberium.peers.resident", () => engine.ResidentPeers, "{peer}", "Peers in memory.");
        _meter.CreateObservableGauge("kyberium.journal.tail", () => engine.JournalTailBytes, "By", "Bytes of records after the checkpoints.");
        _meter.CreateObservableCounter("kyberium.journal.commits", () => engine.Commits, "{commit}", "Batches performed.");
        _meter.CreateObservableCounter("kyberium.journal.checkpoints.failed", () => engine.CheckpointsFailed, "{checkpoint}", "Checkpoints that failed.");
        _meter.CreateObservableGauge("kyberium.journal.data_keys", () => engine.DataKeys, "{key}", "Data keys that live, of all shards.");
        _meter.CreateObservableGauge("kyberium.journal.rows_under_old_keys", () => engine.RowsUnderOldKeys, "{row}", "Rows that wait to be sealed under the newest data key.");
        _meter.CreateObservableGauge("kyberium.audit.backlog", () => engine.AuditWaiting, "{event}", "Audit events that wait for the sink.");
        _meter.CreateObservableCounter("kyberium.audit.events.dropped", () => engine.AuditDropped, "{event}", "Audit events for which the backlog had no room.");
        _meter.CreateObservableCounter("kyberium.ephemeral_keys.hits", () => engine.EphemeralHits, "{key}", "Ephemeral keys taken ready-made.");
        _meter.CreateObservableCounter("kyberium.ephemeral_keys.misses", () => engine.EphemeralMisses, "{key}", "Ephemeral keys made on the spot.");
        _meter.CreateObservableCounter("kyberium.links.envelopes.sent", () => engine.LinkSent, "{envelope}", "Envelopes handed to a peer.");
        _meter.CreateObservableCounter("kyberium.links.envelopes.dropped", () => engine.LinkDropped, "{envelope}", "Envelopes for which there was no room or no way.");
    }

    internal void EnvelopeRefused() => _refused.Add(1);

    public void Dispose() => _meter.Dispose();
}

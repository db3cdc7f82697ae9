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
        // The process keeps every meter that was not disposed: through these it must not keep an engine that was given up.
        var observed = new WeakReference<SessionEngine>(engine);
        void Gauge(string name, string unit, Func<SessionEngine, long> read, string description) =>
            _meter.CreateObservableGauge(name, Observe(observed, read), unit, description);
        void Counter(string name, string unit, Func<SessionEngine, long> read, string description) =>
            _meter.CreateObservableCounter(name, Observe(observed, read), unit, description);
        Gauge("kyberium.peers.resident", "{peer}", static one => one.ResidentPeers, "Peers in memory.");
        Gauge("kyberium.journal.tail", "By", static one => one.JournalTailBytes, "Bytes of records after the checkpoints.");
        Counter("kyberium.journal.commits", "{commit}", static one => one.Commits, "Batches performed.");
        Counter("kyberium.journal.checkpoints.failed", "{checkpoint}", static one => one.CheckpointsFailed, "Checkpoints that failed.");
        Gauge("kyberium.journal.data_keys", "{key}", static one => one.DataKeys, "Data keys that live, of all shards.");
        Gauge("kyberium.journal.rows_under_old_keys", "{row}", static one => one.RowsUnderOldKeys, "Rows that wait to be sealed under the newest data key.");
        Gauge("kyberium.audit.backlog", "{event}", static one => one.AuditWaiting, "Audit events that wait for the sink.");
        Counter("kyberium.audit.events.dropped", "{event}", static one => one.AuditDropped, "Audit events for which the backlog had no room.");
        Counter("kyberium.ephemeral_keys.hits", "{key}", static one => one.EphemeralHits, "Ephemeral keys taken ready-made.");
        Counter("kyberium.ephemeral_keys.misses", "{key}", static one => one.EphemeralMisses, "Ephemeral keys made on the spot.");
        Counter("kyberium.links.envelopes.sent", "{envelope}", static one => one.LinkSent, "Envelopes handed to a peer.");
        Counter("kyberium.links.envelopes.dropped", "{envelope}", static one => one.LinkDropped, "Envelopes for which there was no room or no way.");
        Gauge("kyberium.shards.running", "{shard}", static one => one.ShardsRunning, "Shards that run here.");
        Counter("kyberium.nodes.requests.sent", "{request}", static one => one.NodeRequestsSent, "Requests sent to other nodes of the cluster.");
        Counter("kyberium.nodes.requests.served", "{request}", static one => one.NodeRequestsServed, "Requests of other nodes that were for a shard here.");
        Counter("kyberium.nodes.requests.misdirected", "{request}", static one => one.NodeRequestsMisdirected, "Requests of other nodes for a shard that is not here.");
        Counter("kyberium.nodes.calls.waited", "{call}", static one => one.NodeCallsWaited, "Calls that waited for a shard that no node served, or for its node.");
    }

    ~EngineMeter() => _meter.Dispose();

    internal void EnvelopeRefused() => _refused.Add(1);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _meter.Dispose();
    }

    private static Func<IEnumerable<Measurement<long>>> Observe(WeakReference<SessionEngine> observed, Func<SessionEngine, long> read) =>
        () => observed.TryGetTarget(out var engine) ? [new Measurement<long>(read(engine))] : [];
}

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
        _meter.CreateObservableGauge("kyberium.peers.resident", Observe(observed, static one => one.ResidentPeers), "{peer}", "Peers in memory.");
        _meter.CreateObservableGauge("kyberium.journal.tail", Observe(observed, static one => one.JournalTailBytes), "By", "Bytes of records after the checkpoints.");
        _meter.CreateObservableCounter("kyberium.journal.commits", Observe(observed, static one => one.Commits), "{commit}", "Batches performed.");
        _meter.CreateObservableCounter("kyberium.ephemeral_keys.hits", Observe(observed, static one => one.EphemeralHits), "{key}", "Ephemeral keys taken ready-made.");
        _meter.CreateObservableCounter("kyberium.ephemeral_keys.misses", Observe(observed, static one => one.EphemeralMisses), "{key}", "Ephemeral keys made on the spot.");
        _meter.CreateObservableCounter("kyberium.links.envelopes.sent", Observe(observed, static one => one.LinkSent), "{envelope}", "Envelopes handed to a peer.");
        _meter.CreateObservableCounter(
            "kyberium.links.envelopes.dropped", Observe(observed, static one => one.LinkDropped), "{envelope}", "Envelopes for which there was no room or no way.");
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

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    internal long ResidentPeers => _shards?.Running.Sum(shard => (long)shard.ResidentCount) ?? 0;

    /// <summary>Gets the shards that run, for whoever watches their bounds.</summary>
    internal IEnumerable<Shards.Shard> RunningShards => _shards?.Running ?? [];

    internal long JournalTailBytes => _journal.TailBytes;

    internal long Commits => _shards?.Running.Sum(shard => shard.Metrics.Commits) ?? 0;

    internal long EphemeralHits => _ephemeralKeys.Hits;

    internal long EphemeralMisses => _ephemeralKeys.Misses;

    internal long LinkSent => _outlet.Sent;

    internal long LinkDropped => _outlet.Dropped;
}

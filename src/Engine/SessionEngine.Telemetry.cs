namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    internal long ResidentPeers => _shards?.Running.Sum(shard => (long)shard.ResidentCount) ?? 0;

    /// <summary>Gets the shards that run, for whoever watches their bounds.</summary>
    internal IEnumerable<Shards.Shard> RunningShards => _shards?.Running ?? [];

    /// <summary>Gets whether this process writes the directory of identities and pins.</summary>
    internal bool OwnsDirectory => _directory.IsHere;

    internal long JournalTailBytes => _journal.TailBytes;

    internal long Commits => _shards?.Running.Sum(shard => shard.Metrics.Commits) ?? 0;

    internal long CheckpointsFailed => _shards?.Running.Sum(shard => shard.CheckpointsFailed) ?? 0;

    internal long DataKeys => _directory.DataKeyCount + (_shards?.Running.Sum(shard => (long)shard.DataKeyCount) ?? 0);

    internal long RowsUnderOldKeys => _shards?.Running.Sum(shard => shard.RowsUnderOldKeys) ?? 0;

    internal long AuditWaiting => _shards?.Running.Sum(shard => (long)shard.AuditWaiting) ?? 0;

    internal long AuditDropped => _shards?.Running.Sum(shard => shard.AuditDropped) ?? 0;

    internal long EphemeralHits => _ephemeralKeys.Hits;

    internal long EphemeralMisses => _ephemeralKeys.Misses;

    internal long LinkSent => _outlet.Sent;

    internal long LinkDropped => _outlet.Dropped;
}

using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How much a recovery reads and how long keys are used. HOCON: <c>kyberium.engine.journal</c>.</summary>
public sealed class JournalOptions
{
    /// <summary>Gets or sets how long after a change its shard is checkpointed at the latest. Default 30 s; 1 s to 1
    /// h.</summary>
    /// <remarks>HOCON: <c>checkpoint-interval</c>. Bounds, with the size of the tail, what a recovery reads.</remarks>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how large the tail of a data directory grows before shards are checkpointed early. Default
    /// 64 MiB; 1 MiB to 16 GiB.</summary>
    /// <remarks>HOCON: <c>tail-bytes-max</c>. At 500 MB/s the default is read in 130 ms.</remarks>
    public long TailBytesMax { get; set; } = 64L << 20;

    /// <summary>Gets or sets how long a shard writes under one data key. Default 24 h; 1 h to 7 d.</summary>
    /// <remarks>HOCON: <c>data-key-age</c>. What old copies of the store and the master key together reveal is bounded
    /// by it.</remarks>
    public TimeSpan DataKeyAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Gets or sets how many rows of a shard are sealed anew under its newest data key per checkpoint. Default 4,096;
    /// 64 to 1,000,000.</summary>
    /// <remarks>HOCON: <c>reseal-rows-max</c>. An old data key dies when no row is left under it: with the default checkpoints a
    /// shard of 500,000 rows is through in about an hour, at 140 rows a second beside its traffic.</remarks>
    public int ResealRowsMax { get; set; } = 4_096;

    /// <summary>Gets or sets how many snapshots share a commit; a simulation lets few peers take many.</summary>
    internal int SnapshotsPerCommitMax { get; set; } = 256;

    internal void Check(OptionProblems problems)
    {
        problems.InRange(
            CheckpointInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "kyberium.engine.journal.checkpoint-interval");
        problems.InRange(TailBytesMax, 1L << 20, 16L << 30, "kyberium.engine.journal.tail-bytes-max");
        problems.InRange(
            DataKeyAge, TimeSpan.FromHours(1), TimeSpan.FromDays(7), "kyberium.engine.journal.data-key-age");
        problems.InRange(ResealRowsMax, 64, 1_000_000, "kyberium.engine.journal.reseal-rows-max");
    }

    internal JournalSettings ToSettings() => new(CheckpointInterval, TailBytesMax, DataKeyAge, ResealRowsMax)
    {
        SnapshotsPerCommitMax = SnapshotsPerCommitMax,
    };
}

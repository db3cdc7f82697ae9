using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>How many shards there are and what each holds at most. HOCON: <c>kyberium.engine.shard</c>.</summary>
public sealed class ShardOptions
{
    /// <summary>Gets or sets how many shards the default group has. Fixed when the data directory is made. Default 64;
    /// 1 to 4,096.</summary>
    /// <remarks>HOCON: <c>count</c>. Peers are spread by hash over this number, so it cannot change later; 64 keep two
    /// to thirty-two cores busy.</remarks>
    public int Count { get; set; } = 64;

    /// <summary>Gets or sets how many commands may wait for one shard before callers wait. Default 4,096; 1 to
    /// 65,536.</summary>
    /// <remarks>HOCON: <c>mailbox-count-max</c>. At 2 KiB a command the default holds 8 MiB per shard. Raise for
    /// bursts, not for throughput.</remarks>
    public int MailboxCountMax { get; set; } = 4_096;

    /// <summary>Gets or sets how many bytes of payloads and envelopes may wait for one shard before callers wait. Default 16 MiB; 2 MiB
    /// to 1 GiB.</summary>
    /// <remarks>HOCON: <c>mailbox-bytes-max</c>. Four full appends. As much again may wait for peers that are being
    /// loaded.</remarks>
    public long MailboxBytesMax { get; set; } = 16L << 20;

    /// <summary>Gets or sets how many commands share one append. Default 256; 1 to
    /// <see cref="MailboxCountMax"/>.</summary>
    /// <remarks>HOCON: <c>batch-count-max</c>. A flush costs the same for one and for many; beyond 256 only latency
    /// grows.</remarks>
    public int BatchCountMax { get; set; } = 256;

    /// <summary>Gets or sets how large one append may be. Default 4 MiB; 2 MiB to 64 MiB.</summary>
    /// <remarks>HOCON: <c>batch-bytes-max</c>. At least one message of the largest size must fit.</remarks>
    public long BatchBytesMax { get; set; } = 4L << 20;

    internal void Check(OptionProblems problems)
    {
        problems.InRange(Count, 1, 4_096, "kyberium.engine.shard.count");
        problems.InRange(MailboxCountMax, 1, 65_536, "kyberium.engine.shard.mailbox-count-max");
        problems.InRange(MailboxBytesMax, 2L << 20, 1L << 30, "kyberium.engine.shard.mailbox-bytes-max");
        problems.InRange(BatchCountMax, 1, MailboxCountMax, "kyberium.engine.shard.batch-count-max");
        problems.InRange(BatchBytesMax, 2L << 20, 64L << 20, "kyberium.engine.shard.batch-bytes-max");
    }

    internal ShardSettings ToSettings() => new(Count, MailboxCountMax, MailboxBytesMax, BatchCountMax, BatchBytesMax);
}

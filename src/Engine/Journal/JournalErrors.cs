namespace Kyberium.Engine.Journal;

/// <summary>Every failure of the journal's framing, sealing and order, with what to do next.</summary>
internal static class JournalErrors
{
    internal static EngineException Fenced(ShardId shard, Fence held, Fence current) =>
        new(EngineErrorCode.ShardFenced,
            $"shard {shard} has fence {current.Value}, this owner holds {held.Value}: stop using the shard and acquire it again");

    internal static EngineException FollowsFailure(ShardId shard) =>
        new(EngineErrorCode.JournalUnavailable,
            $"an earlier commit of shard {shard} failed and this one follows it: read the shard's extent, then retry both");

    internal static InvalidOperationException OutOfOrder(ShardId shard, LogPosition position, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; record {position.Value} does not follow it");

    internal static InvalidOperationException TruncatesBeyondEnd(ShardId shard, LogPosition through, LogPosition end) =>
        new($"shard {shard} ends at record {end.Value}; it cannot be truncated through {through.Value}");

    internal static EngineException Corrupt(ShardId shard, LogPosition position, FrameFault fault) =>
        Corrupt(shard, $"record {position.Value}", fault);

    internal static EngineException Corrupt(ShardId shard, RowKey key, FrameFault fault) =>
        Corrupt(shard, $"row {key.Kind}:{Convert.ToHexStringLower(key.Key.Span)}", fault);

    private static EngineException Corrupt(ShardId shard, string what, FrameFault fault) => fault == FrameFault.VersionUnsupported
        ? new(EngineErrorCode.JournalVersionUnsupported,
            $"{what} of shard {shard} was written by a newer version: run that version, or a later one, on this data directory")
        : new(EngineErrorCode.JournalCorrupt,
            $"{what} of shard {shard} is damaged ({fault.Explain()}); run 'kyberium inspect --verify <data-dir>' and restore from a backup");
}

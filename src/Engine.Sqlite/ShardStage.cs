namespace Kyberium.Engine.Sqlite;

/// <summary>What one shard will be if the flush under way succeeds.</summary>
internal sealed class ShardStage(ShardLog log, Fence fence)
{
    internal ShardLog Log => log;

    internal Fence Fence { get; set; } = fence;

    internal LogPosition TruncatedThrough { get; set; } = log.Extent.TruncatedThrough;

    internal LogPosition End { get; set; } = log.Extent.End;

    internal bool Failed { get; set; } = log.Failed;

    internal List<TailEntry> Appended { get; } = [];

    internal ShardExtent Extent => new(Fence, TruncatedThrough, End);

    /// <returns>Why the commit must not take effect, or <see langword="null"/>.</returns>
    internal Exception? Check(JournalCommit commit)
    {
        if (commit.Fence != Fence)
        {
            return SqliteErrors.Fenced(log.Shard, commit.Fence, Fence);
        }

        if (Failed)
        {
            return SqliteErrors.FollowsFailure(log.Shard);
        }

        var end = commit.Record is null ? End : End.Next;
        return commit.Record is not null && commit.Position != end ? SqliteErrors.OutOfOrder(log.Shard, commit.Position, End)
            : commit.TruncateThrough is { } through && through.Value > end.Value ? SqliteErrors.TruncatesBeyondEnd(log.Shard, through, end)
            : null;
    }
}

namespace Kyberium.Engine.PostgreSql;

/// <summary>What a writer knows of a shard it has written to or acquired. Its writer alone changes it.</summary>
internal sealed class ShardSeat(int id, ShardId shard)
{
    private long _tailBytes;

    /// <summary>Gets the shard's number in the database.</summary>
    internal int Id => id;

    internal ShardId Shard => shard;

    internal Fence Fence { get; private set; }

    /// <summary>Gets the number that commits carry: the server refuses them once the owner has settled what came of them.</summary>
    internal long Turn { get; private set; }

    internal LogPosition End { get; private set; }

    /// <summary>Gets or sets the fence under which a commit failed: all that follow fail until its owner has looked.</summary>
    internal Fence? FailedUnder { get; set; }

    /// <summary>Gets the bytes of its records since the last checkpoint, while this journal is the one that writes them; else 0.</summary>
    internal long TailBytes => Interlocked.Read(ref _tailBytes);

    internal void Show(ShardRow row) => (Fence, Turn, End) = (row.Extent.Fence, row.Turn, row.Extent.End);

    internal void Own(long tailBytes) => Interlocked.Exchange(ref _tailBytes, tailBytes);

    internal void Advance(LogPosition end, long tailBytes)
    {
        End = end;
        Own(tailBytes);
    }

    /// <summary>Another owner has the shard: its tail is not this journal's to watch.</summary>
    internal void Lose() => Own(0);
}

/// <summary>A shard's row, as read.</summary>
internal readonly record struct ShardRow(int Id, ShardExtent Extent, long Turn, long TailBytes);

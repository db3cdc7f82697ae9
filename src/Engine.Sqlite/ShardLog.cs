namespace Kyberium.Engine.Sqlite;

/// <summary>Where one record lies: its sequence number in the file, its position in the shard, its size.</summary>
internal readonly record struct TailEntry(long Sequence, LogPosition Position, int Size);

/// <summary>What this process knows of one shard as of the last flush: extent and tail, without the records themselves.</summary>
/// <remarks>Only the writer thread changes it; readers take copies.</remarks>
internal sealed class ShardLog(long rowId, ShardId shard)
{
    private readonly Lock _lock = new();
    private readonly Queue<TailEntry> _tail = new();
    private ShardExtent _extent;

    /// <summary>Gets the shard's number in the file.</summary>
    internal long RowId => rowId;

    internal ShardId Shard => shard;

    /// <summary>Gets or sets what is wrong with the log as it was found at opening; such a shard is refused, others go on.</summary>
    internal string? Damage { get; set; }

    /// <summary>Gets or sets whether a commit failed and the owner has not looked since.</summary>
    internal bool Failed { get; set; }

    internal ShardExtent Extent
    {
        get
        {
            lock (_lock)
            {
                return _extent;
            }
        }
    }

    /// <summary>Gives the entries after a position, in order, as of now.</summary>
    internal TailEntry[] TailAfter(LogPosition after)
    {
        lock (_lock)
        {
            return [.. _tail.Where(entry => entry.Position.Value > after.Value)];
        }
    }

    /// <summary>Takes over what a flush made durable.</summary>
    /// <param name="extent">The new extent.</param>
    /// <param name="appended">The new records.</param>
    /// <param name="dropped">Receives the records that the truncation took out of the tail.</param>
    internal void Advance(ShardExtent extent, List<TailEntry> appended, List<TailEntry> dropped)
    {
        lock (_lock)
        {
            foreach (var entry in appended)
            {
                _tail.Enqueue(entry);
            }

            while (_tail.TryPeek(out var oldest) && oldest.Position.Value <= extent.TruncatedThrough.Value)
            {
                dropped.Add(_tail.Dequeue());
            }

            _extent = extent;
        }
    }
}

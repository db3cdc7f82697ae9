using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine.Sqlite;

/// <summary>All shards of the file, their tails and the records that wait for physical deletion; read once at opening.</summary>
internal sealed class ShardIndex
{
    private readonly ConcurrentDictionary<ShardId, ShardLog> _shards = new();
    private long _tailBytes;

    internal long TailBytes => Interlocked.Read(ref _tailBytes);

    internal ICollection<ShardId> Shards => _shards.Keys;

    /// <summary>Gets the next record's number in the file. The writer thread alone uses it.</summary>
    internal long NextSequence { get; set; } = 1;

    /// <summary>Gets the next shard's number in the file. The writer thread alone uses it.</summary>
    internal long NextRowId { get; set; } = 1;

    /// <summary>Gets truncated records still in the file, oldest first. The writer thread alone uses it.</summary>
    internal PriorityQueue<TailEntry, long> Dead { get; } = new();

    internal bool TryFind(ShardId shard, [NotNullWhen(true)] out ShardLog? log) => _shards.TryGetValue(shard, out log);

    internal void Advance(ShardLog log, ShardExtent extent, List<TailEntry> appended)
    {
        var dropped = new List<TailEntry>();
        log.Advance(extent, appended, dropped);
        foreach (var entry in dropped)
        {
            Dead.Enqueue(entry, entry.Sequence);
        }

        Interlocked.Add(ref _tailBytes, appended.Sum(e => (long)e.Size) - dropped.Sum(e => (long)e.Size));
        _shards.TryAdd(log.Shard, log);
    }

    /// <summary>Reads the index from the file; of the records only their sizes, not their bytes.</summary>
    /// <param name="readsDamaged">Whether a shard with gaps is left readable.</param>
    internal static ShardIndex Read(Connection connection, bool readsDamaged)
    {
        var index = new ShardIndex();
        var found = index.ReadShards(connection);
        var tails = found.Keys.ToDictionary(id => id, _ => new List<TailEntry>());
        using (var log = connection.Prepare("SELECT seq, shard, position, length(record) FROM log ORDER BY seq"))
        {
            while (log.Step())
            {
                var entry = new TailEntry(log.Int64(0), new LogPosition(log.Int64(2)), (int)log.Int64(3));
                index.NextSequence = entry.Sequence + 1;
                if (!tails.TryGetValue(log.Int64(1), out var tail)
                    || entry.Position.Value <= found[log.Int64(1)].Extent.TruncatedThrough.Value)
                {
                    index.Dead.Enqueue(entry, entry.Sequence);
                }
                else
                {
                    tail.Add(entry);
                }
            }
        }

        foreach (var (id, tail) in tails)
        {
            index.Adopt(found[id].Log, found[id].Extent, tail, readsDamaged);
        }

        return index;
    }

    private Dictionary<long, (ShardLog Log, ShardExtent Extent)> ReadShards(Connection connection)
    {
        var found = new Dictionary<long, (ShardLog, ShardExtent)>();
        using var shards = connection.Prepare("SELECT id, name, number, fence, truncated FROM shard");
        while (shards.Step())
        {
            var id = shards.Int64(0);
            var truncated = new LogPosition(shards.Int64(4));
            NextRowId = Math.Max(NextRowId, id + 1);
            found[id] = (new ShardLog(id, new ShardId(shards.Text(1), (int)shards.Int64(2))),
                new ShardExtent(new Fence(shards.Int64(3)), truncated, truncated));
        }

        return found;
    }

    private void Adopt(ShardLog log, ShardExtent extent, List<TailEntry> tail, bool readsDamaged)
    {
        var end = extent.TruncatedThrough;
        foreach (var entry in tail)
        {
            if (entry.Position != end.Next && !readsDamaged)
            {
                log.Damage ??= $"record {entry.Position.Value} follows record {end.Value}";
            }

            end = entry.Position;
        }

        Advance(log, extent with { End = end }, tail);
    }
}

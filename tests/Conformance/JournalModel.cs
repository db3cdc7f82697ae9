using Kyberium.Engine;

namespace Kyberium.Conformance;

/// <summary>The simplest thing that behaves like one shard of a journal; the random test compares against it.</summary>
internal sealed class JournalModel
{
    internal long Fence { get; private set; }

    internal long TruncatedThrough { get; private set; }

    internal long End { get; private set; }

    internal bool Failed { get; private set; }

    internal SortedDictionary<long, byte[]> Records { get; } = [];

    internal SortedDictionary<string, string> Rows { get; } = new(StringComparer.Ordinal);

    internal ShardExtent Extent => new(new Fence(Fence), new LogPosition(TruncatedThrough), new LogPosition(End));

    internal void Acquired(long fence)
    {
        Fence = fence;
        Failed = false;
    }

    internal void ExtentWasRead() => Failed = false;

    /// <returns>Whether the journal must accept the commit.</returns>
    internal bool Commit(JournalCommit commit)
    {
        if (commit.Fence.Value != Fence || Fence == 0)
        {
            return false;
        }

        var end = commit.Record is null ? End : End + 1;
        Failed |= (commit.Record is not null && commit.Position.Value != end) || commit.TruncateThrough?.Value > end;
        if (Failed)
        {
            return false;
        }

        End = end;
        if (commit.Record is { } record)
        {
            Records[end] = record.ToArray();
        }

        foreach (var change in commit.Rows)
        {
            var key = RowName(change.Key);
            if (change.Value is { } value)
            {
                Rows[key] = Convert.ToHexString(value.Span);
            }
            else
            {
                Rows.Remove(key);
            }
        }

        TruncatedThrough = Math.Max(TruncatedThrough, commit.TruncateThrough?.Value ?? 0);
        foreach (var position in Records.Keys.Where(p => p <= TruncatedThrough).ToList())
        {
            Records.Remove(position);
        }

        return true;
    }

    /// <summary>Sorts as (kind, key bytes) do, since hex digits keep the order of bytes.</summary>
    internal static string RowName(RowKey key) => $"{(int)key.Kind:D2}:{Convert.ToHexString(key.Key.Span)}";
}

using Kyberium.Engine;
using Kyberium.Engine.Journal;

namespace Kyberium.Simulation.Disk;

/// <summary>One shard of a <see cref="LogJournal"/>: what is visible, which is what was flushed, and what is being written after it.</summary>
internal sealed class LogShard(ShardId id)
{
    private readonly SortedDictionary<RowKey, byte[]> _rows = new(RowKeyOrder.Instance);
    private readonly List<byte[]> _tail = [];
    private Fence _fence;
    private long _truncatedThrough;
    private Fence _stagedFence;
    private long _stagedEnd;
    private bool _failed;

    /// <summary>Gets or sets whether commits under an old fence, at an old position, are refused: a test lets them pass.</summary>
    internal bool ChecksOwner { get; set; } = true;

    internal ShardExtent Extent => new(_fence, new(_truncatedThrough), new(_truncatedThrough + _tail.Count));

    internal long TailBytes => _tail.Sum(record => (long)record.Length);

    internal bool WasAcquired => _fence.Value > 0;

    /// <summary>Lets an owner whose commit failed go on.</summary>
    internal void Resume() => _failed = false;

    /// <summary>Drops what was staged and not written; commits after it fail until <see cref="Resume"/>.</summary>
    internal void Fail()
    {
        _failed = true;
        (_stagedFence, _stagedEnd) = (_fence, Extent.End.Value);
    }

    /// <summary>Lets commits after one that was not taken fail until <see cref="Resume"/>.</summary>
    internal void Refuse() => _failed = true;

    /// <returns>Why the acquisition is refused, or <see langword="null"/>.</returns>
    internal Exception? StageAcquire(Fence? held, out Fence fence)
    {
        if (held is { } expected && expected != _stagedFence)
        {
            fence = default;
            return JournalErrors.Fenced(id, expected, _stagedFence);
        }

        _failed = false;
        fence = _stagedFence = new Fence(_stagedFence.Value + 1);
        return null;
    }

    /// <returns>Why the commit is refused, or <see langword="null"/>.</returns>
    internal Exception? Stage(JournalCommit commit)
    {
        if (ChecksOwner && (commit.Fence != _stagedFence || _stagedFence.Value == 0))
        {
            return JournalErrors.Fenced(id, commit.Fence, _stagedFence);
        }

        if (_failed)
        {
            return JournalErrors.FollowsFailure(id);
        }

        var end = _stagedEnd + (commit.Record is null ? 0 : 1);
        Exception? failure = commit.Record is not null && commit.Position.Value != end && ChecksOwner
            ? JournalErrors.OutOfOrder(id, commit.Position, new(_stagedEnd))
            : commit.TruncateThrough is { } through && through.Value > end
                ? JournalErrors.TruncatesBeyondEnd(id, through, new(end))
                : null;
        if (failure is not null)
        {
            _failed = true;
            return failure;
        }

        _stagedEnd = end;
        return null;
    }

    internal void Apply(Fence acquired) => _stagedFence = _fence = acquired;

    internal void Apply(LogFrame.Commit commit)
    {
        if (commit.Record is { } record)
        {
            _tail.Add(record);
        }

        foreach (var (key, value) in commit.Rows)
        {
            if (value is null)
            {
                _rows.Remove(key);
            }
            else
            {
                _rows[key] = value;
            }
        }

        if (commit.TruncateThrough is { } through && through > _truncatedThrough)
        {
            _tail.RemoveRange(0, (int)(through - _truncatedThrough));
            _truncatedThrough = through;
        }

        _stagedEnd = Math.Max(_stagedEnd, Extent.End.Value);
    }

    internal List<JournalRecord> Records(LogPosition after) =>
        [.. _tail.Select((bytes, index) => new JournalRecord(new(_truncatedThrough + 1 + index), bytes))
            .Where(record => record.Position.Value > after.Value)];

    internal ReadOnlyMemory<byte>? Row(RowKey key) => _rows.TryGetValue(key, out var value) ? value : default(ReadOnlyMemory<byte>?);

    internal List<JournalRow> Rows(RowKind kind, ReadOnlyMemory<byte> prefix) =>
        [.. _rows.Where(row => row.Key.Kind == kind && row.Key.Key.Span.StartsWith(prefix.Span))
            .Select(row => new JournalRow(row.Key, row.Value))];

    private sealed class RowKeyOrder : IComparer<RowKey>
    {
        internal static readonly RowKeyOrder Instance = new();

        public int Compare(RowKey x, RowKey y) =>
            x.Kind != y.Kind ? x.Kind.CompareTo(y.Kind) : x.Key.Span.SequenceCompareTo(y.Key.Span);
    }
}

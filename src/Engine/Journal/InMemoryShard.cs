namespace Kyberium.Engine.Journal;

/// <summary>One shard of an <see cref="InMemoryJournal"/>: its log, its rows and the fence rules.</summary>
internal sealed class InMemoryShard(ShardId id)
{
    private readonly Lock _lock = new();
    private readonly Queue<ReadOnlyMemory<byte>> _tail = new();
    private readonly SortedSet<RowKey> _keys = new(RowKeyOrder.Instance);
    private readonly Dictionary<RowKey, ReadOnlyMemory<byte>> _values = [];
    private Fence _fence;
    private LogPosition _truncatedThrough;
    private bool _failed;
    private long _tailBytes;

    internal long TailBytes => Volatile.Read(ref _tailBytes);

    private LogPosition End => new(_truncatedThrough.Value + _tail.Count);

    private ShardExtent Extent => new(_fence, _truncatedThrough, End);

    internal ShardExtent Acquire()
    {
        lock (_lock)
        {
            _fence = new Fence(_fence.Value + 1);
            _failed = false;
            return Extent;
        }
    }

    /// <returns>Whether the fence was the one held; otherwise nothing has changed.</returns>
    internal bool TryAcquire(Fence held, out ShardExtent extent)
    {
        lock (_lock)
        {
            var isHeld = _fence == held;
            extent = isHeld ? Acquire() : Extent;
            return isHeld;
        }
    }

    internal ShardExtent ReadExtent()
    {
        lock (_lock)
        {
            _failed = false;
            return Extent;
        }
    }

    /// <returns>Why nothing was written, or <see langword="null"/>.</returns>
    internal Exception? Commit(JournalCommit commit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (commit.Fence != _fence)
            {
                return JournalErrors.Fenced(id, commit.Fence, _fence);
            }

            var failure = cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(cancellationToken)
                : CheckOrder(commit);
            if (failure is null)
            {
                Apply(commit);
            }

            _failed |= failure is not null;
            return failure;
        }
    }

    internal IReadOnlyList<JournalRecord> ReadRecords(LogPosition after)
    {
        lock (_lock)
        {
            var first = _truncatedThrough.Next.Value;
            return [.. _tail.Select((bytes, index) => new JournalRecord(new LogPosition(first + index), bytes))
                .Where(record => record.Position.Value > after.Value)];
        }
    }

    internal ReadOnlyMemory<byte>? ReadRow(RowKey key)
    {
        lock (_lock)
        {
            return _values.TryGetValue(key, out var value) ? value : default(ReadOnlyMemory<byte>?);   // a bare null would be an empty row
        }
    }

    internal IReadOnlyList<JournalRow> ReadRows(RowKind kind, ReadOnlyMemory<byte> prefix)
    {
        lock (_lock)
        {
            var from = new RowKey(kind, prefix);
            var beyondKind = new RowKey(kind + 1, ReadOnlyMemory<byte>.Empty);
            return [.. _keys.GetViewBetween(from, beyondKind)
                .TakeWhile(key => key.Kind == kind && key.Key.Span.StartsWith(prefix.Span))
                .Select(key => new JournalRow(key, _values[key]))];
        }
    }

    private Exception? CheckOrder(JournalCommit commit)
    {
        if (_failed)
        {
            return JournalErrors.FollowsFailure(id);
        }

        var end = End;
        if (commit.Record is not null)
        {
            if (commit.Position != end.Next)
            {
                return JournalErrors.OutOfOrder(id, commit.Position, end);
            }

            end = end.Next;
        }

        return commit.TruncateThrough is { } through && through.Value > end.Value
            ? JournalErrors.TruncatesBeyondEnd(id, through, end)
            : null;
    }

    // The caller may reuse its buffers once the commit completed, so everything is copied.
    private void Apply(JournalCommit commit)
    {
        if (commit.Record is { } record)
        {
            _tail.Enqueue(record.ToArray());
            _tailBytes += record.Length;
        }

        foreach (var change in commit.Rows)
        {
            Apply(change);
        }

        while (commit.TruncateThrough is { } through && _truncatedThrough.Value < through.Value)
        {
            _tailBytes -= _tail.Dequeue().Length;
            _truncatedThrough = _truncatedThrough.Next;
        }
    }

    private void Apply(RowChange change)
    {
        if (change.Value is not { } value)
        {
            _keys.Remove(change.Key);
            _values.Remove(change.Key);
            return;
        }

        var key = new RowKey(change.Key.Kind, change.Key.Key.ToArray());
        _keys.Add(key);
        _values[key] = value.ToArray();
    }

    private sealed class RowKeyOrder : IComparer<RowKey>
    {
        internal static readonly RowKeyOrder Instance = new();

        public int Compare(RowKey x, RowKey y)
        {
            var byKind = x.Kind.CompareTo(y.Kind);
            return byKind != 0 ? byKind : x.Key.Span.SequenceCompareTo(y.Key.Span);
        }
    }
}

namespace Kyberium.Engine.Sqlite;

/// <summary>The writer's transaction: statements, the staged state of each shard it touches, and the deletion of old records.</summary>
/// <remarks>Nothing reaches the index before the file's own commit succeeded. Used by the writer thread alone.</remarks>
internal sealed class JournalTransaction : IDisposable
{
    /// <summary>Large deletions stall the flush they ride on, so each takes about twice what it appends, and at least this.</summary>
    private const long ReclaimBytesMin = 256 << 10;

    private const int ReclaimCountMax = 1_024;

    private readonly Connection _connection;
    private readonly ShardIndex _index;
    private readonly Dictionary<ShardId, ShardStage> _stages = [];
    private readonly List<TailEntry> _reclaimed = [];
    private readonly Statement _begin;
    private readonly Statement _end;
    private readonly Statement _readFence;
    private readonly Statement _addShard;
    private readonly Statement _setFence;
    private readonly Statement _setTruncated;
    private readonly Statement _append;
    private readonly Statement _delete;
    private readonly Statement _putRow;
    private readonly Statement _deleteRow;
    private readonly Statement _wipeFreedPages;
    private readonly Statement _leaveFreedPages;
    private bool _changedKeys;
    private bool _isOwned;
    private long _nextSequence;
    private long _nextRowId;

    internal JournalTransaction(Connection connection, ShardIndex index)
    {
        _connection = connection;
        _index = index;
        _begin = connection.Prepare("BEGIN IMMEDIATE");
        _end = connection.Prepare("COMMIT");
        _readFence = connection.Prepare("SELECT fence FROM shard WHERE id = ?1");
        _addShard = connection.Prepare("INSERT INTO shard (id, name, number, fence, truncated) VALUES (?1, ?2, ?3, ?4, 0)");
        _setFence = connection.Prepare("UPDATE shard SET fence = ?2 WHERE id = ?1");
        _setTruncated = connection.Prepare("UPDATE shard SET truncated = ?2 WHERE id = ?1");
        _append = connection.Prepare("INSERT INTO log (seq, shard, position, record) VALUES (?1, ?2, ?3, ?4)");
        _delete = connection.Prepare("DELETE FROM log WHERE seq = ?1");
        _putRow = connection.Prepare("""
            INSERT INTO row (shard, kind, key, value) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (shard, kind, key) DO UPDATE SET value = excluded.value
            """);
        _deleteRow = connection.Prepare("DELETE FROM row WHERE shard = ?1 AND kind = ?2 AND key = ?3");
        _wipeFreedPages = connection.Prepare("PRAGMA secure_delete = ON");
        _leaveFreedPages = connection.Prepare("PRAGMA secure_delete = FAST");
        _wipeFreedPages.Run();
    }

    /// <summary>Gets whether the write-ahead log may still hold a wrapped key that was deleted or replaced.</summary>
    internal bool HasKeyRemains { get; private set; }

    /// <summary>Gets whether truncated records wait for deletion. They do until somebody owns a shard: who only looks, or is refused,
    /// leaves the file as it was.</summary>
    internal bool HasGarbage => _isOwned && _index.Dead.Count > 0;

    internal void Begin()
    {
        _begin.Run();
        _nextSequence = _index.NextSequence;
        _nextRowId = _index.NextRowId;
    }

    /// <summary>Commits the file, then shows the new state to readers.</summary>
    internal void Complete()
    {
        Reclaim();
        _end.Run();
        foreach (var stage in _stages.Values)
        {
            _index.Advance(stage.Log, stage.Extent, stage.Appended);
            stage.Log.Failed = stage.Failed;
        }

        _index.NextSequence = _nextSequence;
        _index.NextRowId = _nextRowId;
        HasKeyRemains |= _changedKeys;
        Clear();
    }

    /// <summary>Forgets everything staged; the file is as it was before <see cref="Begin"/>.</summary>
    internal void Abandon()
    {
        _connection.RollBack();
        foreach (var entry in _reclaimed)
        {
            _index.Dead.Enqueue(entry, entry.Sequence);
        }

        Clear();
    }

    /// <summary>Moves the write-ahead log into the database and cuts it to nothing, unless a reader still needs it.</summary>
    internal void WipeKeyRemains() => HasKeyRemains = !_connection.TryTruncateLog();

    /// <summary>Refuses what follows a commit that was lost with its flush.</summary>
    internal void MarkFailed(ShardId shard, Fence fence)
    {
        if (_index.TryFind(shard, out var log) && log.Extent.Fence == fence)
        {
            log.Failed = true;
        }
    }

    /// <param name="shard">The shard.</param>
    /// <param name="held">The fence it has to have; <see langword="null"/>: whichever it has.</param>
    /// <param name="extent">Where it stands now.</param>
    internal Exception? Acquire(ShardId shard, Fence? held, out ShardExtent extent)
    {
        if (held is { } expected && (Find(shard)?.Fence ?? default) is var current && current != expected)
        {
            extent = default;
            return SqliteErrors.Fenced(shard, expected, current);
        }

        _isOwned = true;
        if (Find(shard) is { } stage)
        {
            stage.Fence = new Fence(stage.Fence.Value + 1);
            _setFence.Bind(1, stage.Log.RowId).Bind(2, stage.Fence.Value).Run();
        }
        else
        {
            stage = new ShardStage(new ShardLog(_nextRowId++, shard), new Fence(1));
            _addShard.Bind(1, stage.Log.RowId).Bind(2, shard.Group).Bind(3, shard.Number).Bind(4, stage.Fence.Value).Run();
            _stages.Add(shard, stage);
        }

        stage.Failed = false;
        extent = stage.Extent;
        return DamageOf(stage);
    }

    internal Exception? ReadExtent(ShardId shard, out ShardExtent extent)
    {
        extent = default;
        if (Find(shard) is not { } stage)
        {
            return null;
        }

        stage.Failed = false;
        extent = stage.Extent;
        return DamageOf(stage);
    }

    /// <returns>Why this commit alone fails, or <see langword="null"/> when it stands or falls with the transaction.</returns>
    internal Exception? Commit(JournalCommit commit, CancellationToken cancelledBefore)
    {
        if (Find(commit.Shard) is not { } stage)
        {
            return SqliteErrors.Fenced(commit.Shard, commit.Fence, default);
        }

        if (commit.Fence == stage.Fence && cancelledBefore.IsCancellationRequested)
        {
            stage.Failed = true;
            return new OperationCanceledException(cancelledBefore);
        }

        if ((DamageOf(stage) ?? stage.Check(commit)) is { } failure)
        {
            stage.Failed |= commit.Fence == stage.Fence;   // a former owner's failure is no concern of the present one
            return failure;
        }

        Write(stage, commit);
        return null;
    }

    /// <summary>Deletes truncated records, oldest first, a little at a time. Their pages are not overwritten, which would double what is
    /// written: they are sealed, and the keys in rows, on which that rests, are overwritten.</summary>
    private void Reclaim()
    {
        if (!HasGarbage)
        {
            return;
        }

        _leaveFreedPages.Run();
        var budget = Math.Max(ReclaimBytesMin, 2 * _stages.Values.Sum(stage => stage.Appended.Sum(entry => (long)entry.Size)));
        while (budget > 0 && _reclaimed.Count < ReclaimCountMax && _index.Dead.TryDequeue(out var entry, out _))
        {
            _reclaimed.Add(entry);
            budget -= entry.Size;
            _delete.Bind(1, entry.Sequence).Run();
        }

        _wipeFreedPages.Run();
    }

    private void Clear()
    {
        _stages.Clear();
        _reclaimed.Clear();
        _changedKeys = false;
    }

    public void Dispose()
    {
        foreach (var statement in new[]
        {
            _begin, _end, _readFence, _addShard, _setFence, _setTruncated, _append, _delete, _putRow, _deleteRow, _wipeFreedPages, _leaveFreedPages,
        })
        {
            statement.Dispose();
        }
    }

    private EngineException? DamageOf(ShardStage stage) =>
        stage.Log.Damage is { } damage ? SqliteErrors.ShardDamaged(stage.Log.Shard, damage, _connection.File) : null;

    private void Write(ShardStage stage, JournalCommit commit)
    {
        var id = stage.Log.RowId;
        if (commit.Record is { } record)
        {
            stage.End = stage.End.Next;
            stage.Appended.Add(new TailEntry(_nextSequence, stage.End, record.Length));
            _append.Bind(1, _nextSequence++).Bind(2, id).Bind(3, stage.End.Value).Bind(4, record.Span).Run();
        }

        foreach (var change in commit.Rows)
        {
            var statement = change.Value is null ? _deleteRow : _putRow;
            statement.Bind(1, id).Bind(2, (long)change.Key.Kind).Bind(3, change.Key.Key.Span);
            if (change.Value is { } value)
            {
                statement.Bind(4, value.Span);
            }

            statement.Run();
            _changedKeys |= change.Key.Kind is RowKind.DataKey or RowKind.PeerKey;
        }

        if (commit.TruncateThrough is { } through && through.Value > stage.TruncatedThrough.Value)
        {
            stage.TruncatedThrough = through;
            _setTruncated.Bind(1, id).Bind(2, through.Value).Run();
        }
    }

    // The fence is read from the file in the transaction that writes: what decides is the file, not this process's memory of it.
    private ShardStage? Find(ShardId shard)
    {
        if (_stages.TryGetValue(shard, out var stage))
        {
            return stage;
        }

        if (!_index.TryFind(shard, out var log))
        {
            return null;
        }

        _readFence.Bind(1, log.RowId);
        try
        {
            stage = new ShardStage(log, new Fence(_readFence.Step() ? _readFence.Int64(0) : 0));
        }
        finally
        {
            _readFence.Reset();
        }

        _stages.Add(shard, stage);
        return stage;
    }
}

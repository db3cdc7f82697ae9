using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine.Sqlite;

/// <summary>The one thread that writes the file: takes all that waits, of whatever shard, into one transaction with one flush.</summary>
/// <remarks>
/// Callers are told on the thread pool, one item per flush, so that the next flush begins at once. After a failure that
/// may have left the file or the disk cache in doubt, the writer refuses everything: only opening anew shows what is durable.
/// </remarks>
internal sealed class JournalWriter : IDisposable
{
    private readonly object _lock = new();   // a monitor, since the thread waits on it
    private readonly Queue<JournalWork> _waiting = new();
    private readonly HashSet<(ShardId Shard, Fence Fence)> _refused = [];       // no later commit may be applied over the hole
    private readonly List<JournalWork> _flushing = [];
    private readonly JournalTransaction _transaction;
    private readonly SqliteJournalOptions _options;
    private readonly Thread _thread;
    private EngineException? _broken;
    private bool _stopping;
    private bool _choresGoOn = true;

    internal JournalWriter(Connection connection, ShardIndex index, SqliteJournalOptions options)
    {
        _options = options;
        _transaction = new JournalTransaction(connection, index);
        _thread = new Thread(Run) { IsBackground = true, Name = "kyberium journal writer" };
        _thread.Start();
    }

    /// <summary>Gets whether there is something to do while nobody waits: deleting old records, wiping old keys.</summary>
    private bool HasChores => _choresGoOn && _broken is null && (_transaction.HasGarbage || _transaction.HasKeyRemains);

    /// <summary>Queues a call; calls take effect in the order they were queued.</summary>
    /// <exception cref="ObjectDisposedException">The journal was disposed.</exception>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.Overloaded"/>, or what follows that for the commits behind.</exception>
    internal void Enqueue(JournalWork work)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteJournal));
            var commit = (work as CommitWork)?.Commit;
            if (commit is not null && _refused.Contains((commit.Shard, commit.Fence)))
            {
                throw SqliteErrors.FollowsFailure(commit.Shard);
            }

            if (_waiting.Count >= _options.WaitingCountMax)
            {
                if (commit is not null)
                {
                    _refused.Add((commit.Shard, commit.Fence));
                }

                throw SqliteErrors.Overloaded(_waiting.Count);
            }

            if (work is ExtentWork looked)
            {
                _refused.RemoveWhere(refused => refused.Shard == looked.Shard);
            }

            _waiting.Enqueue(work);
            if (_waiting.Count == 1)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Finishes what was queued and ends the thread.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
        _transaction.Dispose();
    }

    private void Run()
    {
        while (TakeWaiting())
        {
            if (_broken is not null)
            {
                Fail(_flushing, _broken);
                SettleAll();
            }
            else
            {
                Flush();
            }
        }
    }

    /// <returns>Whether to go on; with nothing taken there is garbage to delete.</returns>
    private bool TakeWaiting()
    {
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_stopping && !HasChores)
            {
                Monitor.Wait(_lock);
            }

            long bytes = 0;
            while (_waiting.TryPeek(out var next) && (_flushing.Count == 0 || bytes + next.Bytes <= _options.FlushBytesMax))
            {
                bytes += next.Bytes;
                _flushing.Add(_waiting.Dequeue());
            }

            return _flushing.Count > 0 || !_stopping;
        }
    }

    private void Flush()
    {
        if (_flushing.Count == 0 && !_transaction.HasGarbage)
        {
            WipeKeyRemains();
            return;
        }

        if (TryFlush(_flushing, out var failure))
        {
            _choresGoOn = true;
        }
        else
        {
            _choresGoOn = false;   // else they would be tried again at once; the next flush that succeeds turns them on
            if (failure.Code == EngineErrorCode.JournalFull && _flushing.Count > 1)
            {
                FlushOneByOne();   // one commit that finds no room must not take the small ones of other shards with it
            }
            else
            {
                Fail(_flushing, failure);
            }
        }

        SettleAll();
    }

    private void WipeKeyRemains()
    {
        try
        {
            _transaction.WipeKeyRemains();
            _choresGoOn = !_transaction.HasKeyRemains;   // a reader is in the way: again after the next flush
        }
        catch (SqliteFailure cause)
        {
            _choresGoOn = false;
            _broken = SqliteErrors.LeavesStoreSound(cause.Code) ? null : cause.ToEngineException();
        }
    }

    private void FlushOneByOne()
    {
        foreach (var work in _flushing)
        {
            if (_broken is { } broken)
            {
                Fail([work], broken);
            }
            else if (!TryFlush([work], out var failure))
            {
                Fail([work], failure);
            }
        }
    }

    /// <summary>Tries one transaction. When it fails, nothing of it is left, and the calls are as they were: untold, ready for another try.</summary>
    private bool TryFlush(List<JournalWork> works, [NotNullWhen(false)] out EngineException? failure)
    {
        try
        {
            _transaction.Begin();
            foreach (var work in works)
            {
                work.Stage(_transaction);
            }

            _transaction.Complete();
            failure = null;
            return true;
        }
        catch (SqliteFailure cause)
        {
            failure = cause.ToEngineException();
            _broken = SqliteErrors.LeavesStoreSound(cause.Code) ? null : failure;
        }
#pragma warning disable CA1031 // The thread serves every shard: a defect must reach the waiting callers, not end the process.
        catch (Exception defect)
        {
            failure = _broken = SqliteErrors.WriterDefect(defect);
        }
#pragma warning restore CA1031

        _transaction.Abandon();
        return false;
    }

    private void Fail(List<JournalWork> works, EngineException failure)
    {
        foreach (var work in works)
        {
            work.Fail(failure);
            if (work is CommitWork commit)
            {
                _transaction.MarkFailed(commit.Shard, commit.Fence);
            }
        }
    }

    private void SettleAll()
    {
        if (_flushing.Count > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static works => Array.ForEach(works, work => work.Settle()), _flushing.ToArray(), preferLocal: false);
            _flushing.Clear();
        }
    }
}

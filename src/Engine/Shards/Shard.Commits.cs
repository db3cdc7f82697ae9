using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>What a staged batch becomes: one commit of the journal, performed in the order of the batches once it is durable.</summary>
internal sealed partial class Shard
{
    private readonly StateWriter _record = new();
    private readonly StateWriter _scratch = new();
    private readonly UInt128 _salt;
    private ulong _sealCounter;
    private LogPosition _end;
    private int _draining;

    private void Commit(ShardTurn turn)
    {
        Compose(turn);
        foreach (var touched in turn.Touched)
        {
            touched.Peer.Staging = null;
        }

        turn.Overtakes = turn.MayOvertake();
        if (!turn.Overtakes)
        {
            CountOpen(turn, +1);
        }

        if (!_open.TryAdd(turn))
        {
            return;     // ended meanwhile: the next turn answers this one with the rest
        }

        _turn = null;
        if (turn.Overtakes)
        {
            PerformAtOnce(turn);
            return;
        }

        if (turn.Commit is { } commit)
        {
            turn.Committing = _store.CommitAsync(commit).AsTask();
            if (!turn.Committing.IsCompleted)
            {
                _ = turn.Committing.ContinueWith(
                    static (_, shard) => ((Shard)shard!).Drain(), this, CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                return;
            }
        }

        Drain();
    }

    /// <summary>Makes the commit of what the batch decided, if that is anything: its record, and the rows that go with it.</summary>
    private void Compose(ShardTurn turn)
    {
        var position = _end.Next;
        var hasRecord = Record(turn, position);
        var end = turn.End = hasRecord ? position : _end;
        foreach (var touched in turn.Touched)
        {
            if (!touched.Peer.State.Exists)
            {
                Dismiss(turn, touched.Peer);
            }
        }

        foreach (var peer in turn.Snapshots)
        {
            _store.WriteSnapshot(turn, peer, end, _scratch);
        }

        _rowsNoted?.UnionWith(turn.Rows.Select(row => row.Key));
        if (hasRecord || turn.Rows.Count > 0)
        {
            turn.Commit = new JournalCommit
            {
                Shard = Id,
                Fence = _store.Fence,
                Position = position,
                Record = hasRecord
                    ? new ReadOnlyMemory<byte>(_store.SealRecord(position, _record.Written, turn.Input.Wall))
                    : default(ReadOnlyMemory<byte>?),
                Rows = turn.Rows,
                TruncateThrough = turn.TruncateThrough,
            };
            _end = end;
            NoteTail(turn.Commit.Record?.Length ?? 0);
            if (turn.Documents.Count > 0)
            {
                turn.AfterDurable.Add(() => PostInternal(new TurnWork(_ => DropDocuments(turn.Documents))));
            }
        }

        _record.Clear();
    }

    /// <summary>Writes the batch's record: each peer's facts, under the peer's key, and what there is to audit.</summary>
    /// <returns>Whether it holds anything.</returns>
    private bool Record(ShardTurn turn, LogPosition position)
    {
        BatchRecord.Begin(_record, _salt);
        var hasRecord = false;
        foreach (var touched in turn.Touched)
        {
            if (touched.Output.Events.Count > 0)
            {
                BatchRecord.AddPeer(
                    _record, _scratch, touched.Peer.Hash, touched.Peer.Vault!, _salt, _sealCounter++, position,
                    touched.Output.Events);
                touched.Peer.ChangedAt = position;
                hasRecord = true;
            }
        }

        for (var i = 0; i < turn.Audit.Count; i++)
        {
            var auditEvent = turn.Audit[i] = turn.Audit[i] with { Position = position };
            BatchRecord.AddAudit(_record, auditEvent);
            _audit?.Stage(auditEvent);
            hasRecord = true;
        }

        return hasRecord;
    }

    /// <summary>Performs a batch that does not wait in the line, beside whoever performs those that do: they have no peer in common.</summary>
    private void PerformAtOnce(ShardTurn turn)
    {
        if (!_performing.TryEnter())
        {
            turn.Fail(StopReason);
            return;
        }

        try
        {
            Perform(turn);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            var reason = ShardErrors.Broken(Id, exception);
            End(reason);
            turn.Fail(reason);
        }
        finally
        {
            _performing.Exit();
        }
    }

    /// <summary>Performs the batches at the head of the line that are durable. One thread at a time; order is kept.</summary>
    private void Drain()
    {
        if (!_performing.TryEnter())
        {
            return;     // the shard is gone, and what it had was answered
        }

        do
        {
            if (Interlocked.Exchange(ref _draining, 1) != 0)
            {
                break;      // whoever drains now looks again before it leaves
            }

            ShardTurn? turn = null;
            try
            {
                Task? failed;
                while (_open.TryTake(out turn, out failed))
                {
                    Perform(turn);
                }

                if (failed is not null)
                {
                    End(failed.Exception?.GetBaseException() is { } failure ? ShardErrors.CommitFailed(Id, failure) : StopReason);
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                var reason = ShardErrors.Broken(Id, exception);
                End(reason);
                turn?.Fail(reason);
            }
            finally
            {
                Interlocked.Exchange(ref _draining, 0);
            }
        }
        while (_open.IsNextDurable);

        _performing.Exit();
        if (HasWork || _quiet is not null)
        {
            Schedule();
        }
    }
}

using System.Diagnostics;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Shards;

/// <summary>Checkpoints: what changed goes into rows, a slice to a batch, and the log before it is cut off.</summary>
internal sealed partial class Shard
{
    private ITimer? _checkpointTimer;
    private Checkpoint? _checkpoint;
    private long _checkpointsFailed;
    private long _tailBytes;
    private HashSet<RowKey>? _rowsNoted;
    private bool _isClosed;

    /// <summary>Gets how many checkpoints that nobody waited for have failed.</summary>
    internal long CheckpointsFailed => Volatile.Read(ref _checkpointsFailed);

    /// <summary>Writes what changed since the last checkpoint and drops the records before it. Completes when durable.</summary>
    internal Task CheckpointAsync()
    {
        var done = new TaskCompletionSource(_environment.Scheduler.Completion);
        PostInternal(new TurnWork(turn => BeginCheckpoint(turn, done), null, reason => done.TrySetException(reason)));
        return EngineActivities.Checkpoint(Id) is { } activity ? TracedAsync(done.Task, activity) : done.Task;
    }

    private static async Task TracedAsync(Task checkpoint, Activity activity)
    {
        using (activity)
        {
            try
            {
                await checkpoint.ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                activity.Fail(failure);
                throw;
            }
        }
    }

    private Task CheckpointIfChangedAsync()
    {
        if (_stopping || _open.Fault is not null)
        {
            return Task.CompletedTask;
        }

        LookForUnheard();
        return CheckpointInBackgroundAsync();
    }

    /// <summary>Nobody waits for this: a failure is logged and counted here. The next one covers what this one left.</summary>
    private async Task CheckpointInBackgroundAsync()
    {
        try
        {
            await CheckpointAsync().ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            if (failure.Code != EngineErrorCode.EngineStopping)
            {
                Interlocked.Increment(ref _checkpointsFailed);
                EngineLog.CheckpointFailed(_environment.Logger, Id.ToString(), failure.Message, failure);
            }
        }
    }

    /// <summary>Closes all traffic and writes everything, exact windows included, with the mark that this owner has ended.</summary>
    private Task LastCheckpointAsync()
    {
        var done = new TaskCompletionSource(_environment.Scheduler.Completion);
        PostInternal(new TurnWork(turn => BeginLastCheckpoint(turn, done), null, reason => done.TrySetException(reason)));
        return done.Task;
    }

    private void BeginLastCheckpoint(ShardTurn turn, TaskCompletionSource done)
    {
        if (_checkpoint is not null)
        {
            // One is under way that knows nothing of the end: behind it.
            turn.AfterDurable.Add(() => PostInternal(new TurnWork(
                later => BeginLastCheckpoint(later, done), null, reason => done.TrySetException(reason))));
            return;
        }

        _isClosed = true;
        foreach (var traffic in _traffic.ToArray())
        {
            lock (traffic.Gate)
            {
                traffic.IsUnheard(turn.Input.Wall);     // the next look is the next owner's: it goes on from what this one saw
                traffic.Close();
            }
        }

        BeginCheckpoint(turn, done);
    }

    /// <summary>Counts what recovery would have to read, and begins a checkpoint when the store's tail is long, this shard has its part in it, and no other
    /// shard is about that; when the tail comes near its bound, also beside others.</summary>
    private void NoteTail(int recordBytes)
    {
        _tailBytes += recordBytes;
        var tailBytesMax = _environment.Settings.Journal.TailBytesMax;
        if (_tailBytes > tailBytesMax / (2 * _environment.Settings.Shard.Count)
            && _environment.Journal.TailBytes is var tail && tail > tailBytesMax / 2 && _checkpoint is null && !_stopping
            && (_environment.TailRelief.TryEnter() is var isInTurn && isInTurn || tail > tailBytesMax / 4 * 3))
        {
            _tailBytes = 0;
            _ = RelieveAsync(isInTurn);
        }
    }

    private async Task RelieveAsync(bool isInTurn)
    {
        try
        {
            await CheckpointIfChangedAsync().ConfigureAwait(false);
        }
        finally
        {
            if (isInTurn)
            {
                _environment.TailRelief.Exit();
            }
        }
    }

    private void BeginCheckpoint(ShardTurn turn, TaskCompletionSource done)
    {
        if (_checkpoint is not null)
        {
            _checkpoint.Waiting.Add(done);
            return;
        }

        _checkpoint = new Checkpoint(
            _end, _store.LastTag.ToArray(), [.. _residents.Peers.Where(peer => _isClosed || peer.IsDirty || peer.Staging is not null || CountsChanged(peer))],
            _isClosed);
        _checkpoint.Waiting.Add(done);
        ContinueCheckpoint(turn);
    }

    /// <summary>Takes the next peers of a checkpoint into this batch; the last slice truncates the log.</summary>
    private void ContinueCheckpoint(ShardTurn turn)
    {
        var checkpoint = _checkpoint!;
        for (var taken = 0; taken < _environment.Settings.Journal.SnapshotsPerCommitMax && checkpoint.Remaining.TryPop(out var peer); taken++)
        {
            if (peer.State.Exists && (peer.IsDirty || CountsChanged(peer) || (checkpoint.IsLast && ExactWindows.Changed(peer)))
                && FindResident(peer.Key) == peer)
            {
                turn.Snapshots.Add(peer);
                if (checkpoint.IsLast)
                {
                    turn.Leaving.Add(peer);
                }
            }
        }

        if (checkpoint.Remaining.Count > 0)
        {
            // Who waits is told when a later slice fails, too: the last one is no longer the shard's checkpoint by then.
            turn.AfterDurable.Add(() => PostInternal(new TurnWork(ContinueCheckpoint, null, checkpoint.Fail)));
            return;
        }

        _checkpoint = null;
        if (checkpoint.IsLast || checkpoint.Through.Value > _store.TruncatedThrough.Value)
        {
            turn.TruncateThrough = checkpoint.Through;
            if (_audit is not null)
            {
                _store.WriteAudit(turn, _audit, checkpoint.Through);
            }

            turn.Rows.Add(_store.CutRow(checkpoint.Through, checkpoint.Tag, checkpoint.IsLast, turn.Input.Wall));
            _store.TruncatedThrough = checkpoint.Through;
        }

        turn.AfterDurable.Add(() => _store.Witness(turn.End, checkpoint.Waiting, PostInternal, _upkeep.Continue));
    }

    /// <summary>Gives up documents that lie in rows now. One that was pinned anew since is another copy, and stays until it is written itself.</summary>
    private static void DropDocuments(List<(ResidentPeer Peer, ReadOnlyMemory<byte> Document)> written)
    {
        foreach (var (peer, document) in written)
        {
            peer.State.Pins = [.. peer.State.Pins.Select(pin => pin.Document.Equals(document) ? pin with { Document = default } : pin)];
        }
    }

    /// <summary>Begins to note which rows are written, or ends it. Runs in the turn.</summary>
    internal void NoteRows(HashSet<RowKey>? written) => _rowsNoted = written;
}

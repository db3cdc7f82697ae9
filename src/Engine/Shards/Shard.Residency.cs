using System.Diagnostics;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

internal sealed partial class Shard
{
    private const int LooksPerTurnMin = 64;
    private const int StaleDeadlinesMin = 64;

    private readonly PriorityQueue<ResidentPeer, long> _deadlines = new();
    private readonly List<ResidentPeer> _clock = [];
    private int _hand;
    private ITimer? _tick;
    private MonotonicMillis _tickAt = MonotonicMillis.Never;
    private ITimer? _checkpointTimer;
    private Checkpoint? _checkpoint;
    private long _tailBytes;
    private HashSet<RowKey>? _rowsNoted;

    /// <summary>Gets the most peers this shard keeps in memory; those with work in progress count but stay.</summary>
    private int ResidentMax =>
        Math.Max(1, _environment.Settings.Residency.ResidentPeersMax / _environment.Settings.Shard.Count);

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

    /// <summary>Brings a peer into memory.</summary>
    private void Park(PeerKey key, ShardWork work)
    {
        _parked++;
        _parkedBytes += work.Bytes;
        if (_loading.TryGetValue(key, out var waiting))
        {
            waiting.Add(work);
            return;
        }

        _loading[key] = [work];
        Load(key);
    }

    /// <summary>Lets work wait until what forgets the peer before it is durable: until then the store still shows the old one.</summary>
    private void ParkBehindLeaving(PeerKey key, ShardWork work)
    {
        _parked++;
        _parkedBytes += work.Bytes;
        if (_loading.TryGetValue(key, out var waiting))
        {
            waiting.Add(work);
        }
        else
        {
            _loading[key] = [work];
        }
    }

    private void Load(PeerKey key)
    {
        var readsHere = _readsHere;
        _readsHere = false;
        _store.Load(key, readsHere, (loaded, failure) =>
        {
            var isTaken = false;
            PostInternal(new TurnWork(
                turn =>
                {
                    isTaken = true;
                    Loaded(turn, key, loaded, failure);
                },
                fail: _ =>
                {
                    if (!isTaken)
                    {
                        loaded?.Dispose();      // the shard has ended, and what it has in memory does not include this peer
                    }
                })
            {
                OfOnePeer = true,
            });
        });
    }

    /// <summary>The peer is out of the store: who came for its name meanwhile is served now.</summary>
    private void Left(PeerKey key)
    {
        if (_loading[key].Count == 0)
        {
            _loading.Remove(key);
        }
        else
        {
            Load(key);
        }
    }

    private void Loaded(ShardTurn turn, PeerKey key, LoadedPeer? loaded, EngineException? failure)
    {
        _loading.Remove(key, out var waiting);
        _parked -= waiting!.Count;
        _parkedBytes -= waiting.Sum(work => (long)work.Bytes);
        ResidentPeer? peer = null;
        if (loaded is not null)
        {
            peer = Admit(turn, loaded);
        }
        else if (failure is null && waiting.Exists(work => work.IsForNewPeer))
        {
            peer = new ResidentPeer(_environment, new PeerState(key), PeerHash.Of(_environment.Journal.StoreId.Span, key), null)
            {
                Owner = this,
            };
            Enter(peer);
        }

        foreach (var work in waiting)
        {
            if (peer is not null)
            {
                Stage(turn, work, peer);
            }
            else
            {
                work.Fail(failure ?? ShardErrors.PeerUnknown(key));
            }
        }

        if (peer is { State.Exists: false } && peer.Staging is null)
        {
            Remove(peer);
        }
    }

    /// <summary>Finds whose receiver index this is; garbage indices wait for a bounded queue, then go unanswered.</summary>
    internal Task<PeerKey?> FindOwnerAsync(ReceiverIndex index)
    {
        if (_store.LaneLength > _environment.Settings.Shard.BatchCountMax)
        {
            return Task.FromResult<PeerKey?>(null);
        }

        var found = new TaskCompletionSource<PeerKey?>(_environment.Scheduler.Completion);
        _store.FindOwner(index, owner => found.TrySetResult(owner));
        return found.Task;
    }

    internal Task<IReadOnlyList<PeerKey>> ListPeersAsync(CancellationToken cancellationToken) => _store.ListAsync(cancellationToken);

    /// <summary>Reads the documents of pins from the store, those that are not at hand.</summary>
    /// <returns>Those that are still pinned.</returns>
    internal async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadDocumentsAsync(PeerKey peer, IReadOnlyList<Pin> pins)
    {
        var hash = PeerHash.Of(_environment.Journal.StoreId.Span, peer);
        var documents = new List<ReadOnlyMemory<byte>>();
        foreach (var pin in pins)
        {
            if (!pin.Document.IsEmpty)
            {
                documents.Add(pin.Document);
                continue;
            }

            var read = new TaskCompletionSource<ReadOnlyMemory<byte>?>(_environment.Scheduler.Completion);
            _store.ReadDocument(hash, pin.Fingerprint, (document, failure) =>
            {
                if (failure is null)
                {
                    read.TrySetResult(document);
                }
                else
                {
                    read.TrySetException(failure);
                }
            });
            if (await read.Task.ConfigureAwait(false) is { } found)
            {
                documents.Add(found);
            }
        }

        return documents;
    }

    private ResidentPeer Admit(ShardTurn turn, LoadedPeer loaded)
    {
        var peer = new ResidentPeer(_environment, loaded.State, loaded.Hash, loaded.Vault)
        {
            Owner = this,
            StoredAt = loaded.StoredAt,
            ChangedAt = loaded.ChangedAt,
            StoredIndices = loaded.StoredIndices,
            Windows = loaded.Windows,
            StoredWindows = loaded.Windows?.Digest ?? 0,
        };
        Enter(peer);
        var touched = turn.Touch(peer);
        peer.Machine.Loaded(turn.Input, touched.Output, acknowledges: peer.IsDirty);
        if (peer.State.Generation < _environment.Generation)
        {
            turn.Decide(peer, new PeerCommand.Restored(_environment.Generation), default);
        }
        else
        {
            turn.Decide(peer, new PeerCommand.Tick(), default);
        }

        peer.Windows = null;        // its epochs have taken them as they were attached
        return peer;
    }

    /// <summary>A peer that does not exist, or no longer: out of memory once the batch is durable.</summary>
    private void Dismiss(ShardTurn turn, ResidentPeer peer)
    {
        if (peer.Vault is not null)
        {
            ShardStore.DeleteRows(turn, peer);
        }

        foreach (var waiter in peer.SessionWaiters ?? [])
        {
            waiter.Settle(EngineErrorCode.PeerUnknown);
            turn.Settled.Add(waiter);
        }

        turn.Snapshots.Remove(peer);
        Leave(peer);
        _loading.TryAdd(peer.Key, []);
        turn.AfterDurable.Add(() =>
        {
            peer.State.Erase();
            peer.Vault?.Dispose();
            PostInternal(new TurnWork(_ => Left(peer.Key)));
        });
    }

    private void Enter(ResidentPeer peer)
    {
        peer.ClockPlace = _clock.Count;
        _clock.Add(peer);
        _environment.Lookup.Add(peer);
    }

    private void Leave(ResidentPeer peer)
    {
        if (peer.HasLeft)
        {
            return;     // a batch behind the one that forgot it found it by an epoch
        }

        var last = _clock[^1];
        _clock[last.ClockPlace = peer.ClockPlace] = last;
        _clock.RemoveAt(_clock.Count - 1);
        peer.HasLeft = true;
        _environment.Lookup.Forget(peer);
    }

    private void Remove(ResidentPeer peer)
    {
        Leave(peer);
        peer.Sending = null;
        foreach (var session in peer.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (_traffic.Find(epoch.LocalIndex) is { } traffic)
                {
                    _traffic.Remove(traffic);
                    traffic.Dispose();
                }
            }
        }

        peer.State.Erase();
        peer.Vault?.Dispose();
    }

    /// <summary>Passivates peers when there are too many: a clock hand passes over those used since its last round.</summary>
    private void MakeRoom(ShardTurn turn)
    {
        var excess = _clock.Count - ResidentMax;
        var looksMax = Math.Max(LooksPerTurnMin, 2 * excess);
        var goesOn = false;
        for (var looked = 0; excess > 0 && looked < looksMax && _clock.Count > 0; looked++)
        {
            _hand = (_hand + 1) % _clock.Count;
            var peer = _clock[_hand];
            if (peer.Touched)
            {
                peer.Touched = false;
                goesOn |= IsIdle(peer);
                continue;
            }

            if (!IsIdle(peer))
            {
                continue;
            }

            if (peer.State.Sending?.Current.Traffic is EpochTraffic traffic && AskIfUnheard(traffic, turn.Input.Wall))
            {
                continue;       // that is on its way, and the peer stays for the answer
            }

            excess--;
            if (peer.IsDirty || CountsChanged(peer) || !ExactWindows.TryClose(peer))
            {
                turn.Snapshots.Add(peer);       // leaves on a later round, when its snapshot is durable
                turn.Leaving.Add(peer);
                goesOn = true;
            }
            else
            {
                Remove(peer);
            }
        }

        if (goesOn)
        {
            // The bound holds without further traffic, too: another round once this batch is performed.
            turn.Add(new TurnWork(_ => { }, () => PostInternal(new TurnWork(_ => { }))));
        }
    }

    private static bool CountsChanged(ResidentPeer peer) =>
        peer.State.Sending?.Current is { Traffic: EpochTraffic traffic } epoch
        && (traffic.Counts() != epoch.Counts || traffic.Unheard != epoch.Unheard);

    private static bool IsIdle(ResidentPeer peer) =>
        peer.Staging is null && Volatile.Read(ref peer.TurnsOpen) == 0 && peer.State.Handshakes is null
        && peer.State.Outgoing.Count == 0 && peer.SessionWaiters is null && !HoldsMessages(peer)
        && peer.State.SendingDoubtedSince is null && peer.State.Sessions.TrueForAll(IsAtRest);

    /// <summary>Says that a session waits for nothing that only this process measures. One that waits for the peer to use it, or its
    /// successor, may wait for ever, and does so in the store as well.</summary>
    private static bool IsAtRest(SessionState session) =>
        session.Pending is null && session.Previous is null && session.RetireAt == MonotonicMillis.Never;

    /// <summary>Says whether the application has messages that it has not settled. Loaded again, they would be handed out again.</summary>
    private static bool HoldsMessages(ResidentPeer peer) =>
        peer.IsHandingOut && (peer.IsHandingOut = peer.State.Incoming.Unhandled.Any(message => message.HandedOut));

    private void BeginCheckpoint(ShardTurn turn, TaskCompletionSource done)
    {
        if (_checkpoint is not null)
        {
            _checkpoint.Waiting.Add(done);
            return;
        }

        _checkpoint = new Checkpoint(
            _end, _store.LastTag.ToArray(), [.. _clock.Where(peer => _isClosed || peer.IsDirty || peer.Staging is not null || CountsChanged(peer))],
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

    private void ScheduleTick(ResidentPeer peer)
    {
        var deadline = peer.Machine.Deadline;
        if (deadline == MonotonicMillis.Never || deadline.Value >= peer.ScheduledAt.Value)
        {
            return;
        }

        peer.ScheduledAt = deadline;
        _deadlines.Enqueue(peer, deadline.Value);
        if (_deadlines.Count > (2 * _clock.Count) + StaleDeadlinesMin)
        {
            DropStaleDeadlines();
        }

        ArmTick();
    }

    /// <summary>Each earlier deadline leaves the later one behind in the queue, a day away at times: they are dropped in bulk.</summary>
    private void DropStaleDeadlines()
    {
        var live = _deadlines.UnorderedItems
            .Where(item => item.Priority == item.Element.ScheduledAt.Value && FindResident(item.Element.Key) == item.Element)
            .Distinct().ToList();
        _deadlines.Clear();
        _deadlines.EnqueueRange(live);
    }

    private void ArmTick()
    {
        if (!_deadlines.TryPeek(out _, out var next) || next >= _tickAt.Value || _stopping)
        {
            return;
        }

        _tickAt = new MonotonicMillis(next);
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(next - _environment.Scheduler.MonotonicMillis, 0, int.MaxValue / 2));
        if (_tick is null)
        {
            _tick = _environment.Scheduler.Time.CreateTimer(
                static shard => ((Shard)shard!).PostInternal(new TurnWork(((Shard)shard!).TickDue)), this, wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _tick.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void TickDue(ShardTurn turn)
    {
        _tickAt = MonotonicMillis.Never;
        for (var ticked = 0; ticked < _environment.Settings.Shard.BatchCountMax
            && _deadlines.TryPeek(out var peer, out var due) && due <= turn.Input.Now.Value; ticked++)
        {
            _deadlines.Dequeue();
            if (due != peer.ScheduledAt.Value || FindResident(peer.Key) != peer)
            {
                continue;       // an entry that an earlier deadline replaced, or of a peer that left
            }

            peer.ScheduledAt = MonotonicMillis.Never;
            if (peer.Machine.Deadline.Value <= turn.Input.Now.Value)
            {
                turn.Decide(peer, new PeerCommand.Tick(), default);
            }
            else
            {
                ScheduleTick(peer);
            }
        }

        ArmTick();
    }

    private sealed class Checkpoint(LogPosition through, byte[] tag, IEnumerable<ResidentPeer> peers, bool isLast)
    {
        internal LogPosition Through { get; } = through;

        internal byte[] Tag { get; } = tag;

        /// <summary>Gets whether it ends this owner's stay: all traffic is closed, and exact windows go along.</summary>
        internal bool IsLast { get; } = isLast;

        internal Stack<ResidentPeer> Remaining { get; } = new(peers);

        internal List<TaskCompletionSource> Waiting { get; } = [];

        internal void Fail(EngineException reason) => Waiting.ForEach(waiter => waiter.TrySetException(reason));
    }
}

using System.Collections.Concurrent;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Placement;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>The single writer for one slice of peers: take a batch, decide, make durable, then act.</summary>
/// <remarks>
/// <para>A turn runs on the scheduler, one at a time, as long as there is work. It stages what waits in the mailbox, settles
/// each peer it touched, and hands one commit to the journal; the next batch may be staged while the last is flushed, up to
/// <see cref="CommitsOpenMax"/>. Batches are performed and answered in the order they were staged; one that decided nothing may go ahead of those
/// that none of its peers is in.</para>
/// <para>State moves on as it is staged. When a commit fails the shard ends: everything not answered fails with a transient
/// code, and the supervisor recovers it from the journal.</para>
/// </remarks>
internal sealed partial class Shard : IAsyncDisposable
{
    internal const int CommitsOpenMax = 4;
    internal const long WindowNoticeMillis = 100;

    private readonly ShardEnvironment _environment;
    private readonly Mailbox _mailbox;
    private readonly ConcurrentQueue<ShardWork> _internal = new();
    private readonly LinkedTable<ReceiverIndex, EpochTraffic, EpochTraffic.Links> _traffic = new();
    private readonly ConcurrentDictionary<ReceiverIndex, PeerKey> _handshakes = new();
    private readonly Dictionary<PeerKey, List<ShardWork>> _loading = [];
    private readonly Queue<ShardTurn> _uncommitted = new();
    private readonly StateWriter _record = new();
    private readonly StateWriter _scratch = new();
    private readonly IHandshakeProvider _handshakeProvider;
    private readonly ShardStore _store;
    private readonly KeyUpkeep _upkeep;
    private readonly AuditBacklog? _audit;
    private readonly UInt128 _salt;
    private readonly TaskCompletionSource _ended;
    private readonly TaskCompletionSource _buried;
    private readonly InFlight _computing;
    private readonly InFlight _performing;

    private ShardTurn? _turn;
    private int _scheduled;
    private int _draining;
    private int _disposed;
    private int _parked;
    private long _parkedBytes;
    private ulong _sealCounter;
    private LogPosition _end;
    private volatile EngineException? _fault;
    private volatile EngineException? _stopReason;
    private volatile TaskCompletionSource? _quiet;
    private volatile bool _stopping;
    private bool _isClosed;
    private bool _readsHere;

    private Shard(ShardEnvironment environment, ShardStore store, AuditBacklog? audit, UInt128 salt, IHandshakeProvider? handshakeProvider)
    {
        _environment = environment;
        _store = store;
        Number = store.Id.Number;
        _audit = audit;
        _salt = salt;
        _upkeep = new KeyUpkeep(this, store, environment);
        _end = store.End;
        _ended = new TaskCompletionSource(environment.Scheduler.Completion);
        _buried = new TaskCompletionSource(environment.Scheduler.Completion);
        _computing = new InFlight(environment.Scheduler);
        _performing = new InFlight(environment.Scheduler);
        _handshakeProvider = handshakeProvider ?? new PqIkHandshakes(
            (ushort)store.Id.Number, environment.Identities, environment.EphemeralKeys, environment.Documents, environment.Versions);
        _mailbox = new Mailbox(
            environment.Settings.Shard.MailboxCountMax, environment.Settings.Shard.MailboxBytesMax, environment.Scheduler.Completion);
    }

    internal ShardId Id => _store.Id;

    /// <summary>Gets the fence this owner has.</summary>
    internal Fence Fence => _store.Fence;

    /// <summary>Gets the shard's place among the shards.</summary>
    internal int Number { get; }

    /// <summary>Gets or sets what says whether it may still be served; set before anybody can ask it anything.</summary>
    internal IShardLease Lease { get; set; } = EndlessLease.Instance;

    internal ShardMetrics Metrics { get; } = new();

    /// <summary>Gets a task that ends when the shard has ended: normally after a stop, or with what ended it.</summary>
    internal Task Ended => _ended.Task;

    internal int ResidentCount => _clock.Count;

    internal int TrafficCount => _traffic.Count;

    internal int AuditWaiting => _audit?.Count ?? 0;

    internal long AuditDropped => _audit?.Dropped ?? 0;

    internal int DataKeyCount => _store.Keys.Numbers.Count;

    internal long RowsUnderOldKeys => _upkeep.RowsLeft;

    internal int MailboxCount => _mailbox.Count;

    /// <summary>Waits for room: the engine's only form of backpressure towards callers.</summary>
    internal ValueTask EnqueueAsync(ShardWork work, CancellationToken cancellationToken)
    {
        var written = _mailbox.WriteAsync(work, cancellationToken);
        if (!written.IsCompletedSuccessfully)
        {
            return EnqueueAsync(written, work);
        }

        Enqueued(work, written.Result);
        return default;
    }

    private async ValueTask EnqueueAsync(ValueTask<bool> written, ShardWork work) =>
        Enqueued(work, await written.ConfigureAwait(false));

    private void Enqueued(ShardWork work, bool isTaken)
    {
        if (!isTaken)
        {
            work.Fail(ShardErrors.NotBegun(_fault ?? StopReason));
        }
        else if (work.RunsOnCaller && work.Peer is { } peer && FindResident(peer) is null)
        {
            RunHere();      // only for a peer out of memory: who asks again and again about one that is there lets others have their turns
        }
        else
        {
            Schedule();
        }
    }

    /// <summary>Adds work of the engine's own; bounded by what it comes from.</summary>
    internal void PostInternal(ShardWork work)
    {
        _internal.Enqueue(work);
        Schedule();
    }

    internal ResidentPeer? FindResident(in PeerKey peer) => _environment.Lookup.Find(peer, this);

    internal EpochTraffic? FindTraffic(ReceiverIndex index) => _traffic.Find(index);

    /// <summary>Fetches what <see cref="FindTraffic"/> will most likely give into the processor's cache.</summary>
    internal void FetchTraffic(ReceiverIndex index) => _traffic.Fetch(index, EpochTraffic.LookedAt);

    internal PeerKey? FindHandshake(ReceiverIndex index) =>
        _handshakes.TryGetValue(index, out var peer) ? peer : null;

    internal Guid? OperationOf(PeerKey peer, TransferId transfer) => _environment.Transfers.OperationOf(peer, transfer);

    internal void Opened(EpochTraffic traffic, Sessions.Traffic.OpenOutcome outcome)
    {
        _environment.Keyed.Used(traffic);
        Metrics.Opened(outcome);
    }

    /// <summary>Makes an epoch's traffic and lets its index be found.</summary>
    internal EpochTraffic Attach(ResidentPeer peer, EpochState epoch)
    {
        var traffic = new EpochTraffic(
            peer, epoch, peer.TrafficLimits, _environment.Aead.For(peer.Policy.AeadProvider), _environment.Entropy);
        peer.Windows?.Restore(traffic, peer.TrafficLimits);
        if (_isClosed)
        {
            traffic.Close();        // the last windows are stored, and nothing may be opened that they do not show
        }

        Invariant.Holds(_traffic.TryAdd(traffic), "a receiver index is unique in its shard");
        return traffic;
    }

    /// <summary>Takes no more from callers, finishes what it has, writes a last checkpoint and ends.</summary>
    /// <remarks>Whoever waits for a session is told to come again: that answer lies with a peer, not here.</remarks>
    /// <param name="reason">What whoever comes too late is told.</param>
    internal async ValueTask StopAsync(EngineException reason)
    {
        _stopReason = reason;
        _mailbox.Complete();
        _store.BeginStop();
        var quiet = new TaskCompletionSource(_environment.Scheduler.Completion);
        PostInternal(new TurnWork(
            _ =>
            {
                _quiet = quiet;
                FailSessionWaiters(reason);
            },
            null,
            _ => quiet.TrySetResult()));
        await quiet.Task.ConfigureAwait(false);
        try
        {
            if (_fault is null)
            {
                await (_audit?.StopAsync() ?? Task.CompletedTask).ConfigureAwait(false);
                await LastCheckpointAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends at once and writes nothing: another may have the shard.</summary>
    internal async Task AbandonAsync(EngineException reason)
    {
        _stopReason = reason;
        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        End(StopReason);
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;     // whoever came first does it; the set of shards waits for all who may
        }

        await _buried.Task.ConfigureAwait(false);       // no turn runs any more, and none will; awaited once: of two, one would come by the pool
        _tick?.Dispose();
        _checkpointTimer?.Dispose();
        await _computing.CloseAsync().ConfigureAwait(false);
        await _performing.CloseAsync().ConfigureAwait(false);
        await _upkeep.DisposeAsync().ConfigureAwait(false);
        if (_audit is not null)
        {
            await _audit.DisposeAsync().ConfigureAwait(false);
        }

        await _store.DisposeAsync().ConfigureAwait(false);
        foreach (var traffic in _traffic.ToArray())
        {
            _traffic.Remove(traffic);
            traffic.Dispose();
        }

        foreach (var peer in _clock)
        {
            peer.HasLeft = true;
            _environment.Lookup.Forget(peer);
            peer.State.Erase();
            peer.Vault?.Dispose();
        }

        _clock.Clear();
    }

    private EngineException StopReason => _stopReason ?? ShardErrors.Stopping(Id);

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _environment.Scheduler.Post(static shard => ((Shard)shard!).Run(), this);
        }
    }

    /// <summary>Takes one turn on the caller's thread when none is taken: who has to wait for it anyhow need not wait for another thread. One peer is read
    /// in it, by a store that answers at once, before anybody else in the shard has a turn.</summary>
    private void RunHere()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) != 0)
        {
            return;
        }

        try
        {
            _readsHere = true;
            TurnOnce();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            End(ShardErrors.Broken(Id, exception));     // as in Run
        }

        _readsHere = false;
        EndRun();
        if (_quiet is not null)
        {
            Schedule();     // who waits for the last turn is told by the one that finds nothing
        }
    }

    private void Run()
    {
        try
        {
            while (TurnOnce())
            {
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A broken invariant: the shard's state is not to be trusted. Nothing of it was shown that is not durable.
            End(ShardErrors.Broken(Id, exception));
        }

        EndRun();
    }

    private void EndRun()
    {
        // A full fence: who added work before it and saw the turn scheduled must be seen here.
        Interlocked.Exchange(ref _scheduled, 0);
        if (HasWork && CanStage)
        {
            Schedule();
        }
    }

    // What TryTake would not take is not work: a shard that waits for peers to load must not spin.
    private bool HasWork =>
        !_internal.IsEmpty
        || (_fault is null ? HasRoomToPark && _mailbox.Count > 0 : _mailbox.Count > 0 || !_buried.Task.IsCompleted);

    // What waits for its peer is out of the mailbox, and bounded as that is.
    private bool HasRoomToPark =>
        Volatile.Read(ref _parked) < _environment.Settings.Shard.MailboxCountMax
        && Volatile.Read(ref _parkedBytes) < _environment.Settings.Shard.MailboxBytesMax;

    private bool CanStage
    {
        get
        {
            lock (_uncommitted)
            {
                return _fault is not null || _uncommitted.Count < CommitsOpenMax;
            }
        }
    }

    private bool TurnOnce()
    {
        if (_fault is { } fault)
        {
            Bury(fault);
            return false;
        }

        if (!CanStage)
        {
            return false;       // taken up again when a commit completes
        }

        var turn = _turn = new ShardTurn(this, _environment.Input());
        var settings = _environment.Settings.Shard;
        while (turn.Works.Count < settings.BatchCountMax && turn.Bytes < settings.BatchBytesMax && TryTake(out var work))
        {
            Stage(turn, work);
        }

        if (turn.Works.Count == 0)
        {
            _turn = null;
            if (!HasWork && _loading.Count == 0)
            {
                _quiet?.TrySetResult();
            }

            return false;
        }

        turn.Settle();
        foreach (var touched in turn.Touched)
        {
            AfterSettle(turn, touched);
        }

        MakeRoom(turn);
        foreach (var touched in turn.Touched)
        {
            touched.Peer.Staging = null;    // only now: room is not made with a peer whose facts this batch still has to seal
        }

        Commit(turn);
        return true;
    }

    private bool TryTake(out ShardWork work)
    {
        if (_internal.TryDequeue(out work!))
        {
            return true;
        }

        return HasRoomToPark && _mailbox.TryRead(out work!);
    }

    private void Stage(ShardTurn turn, ShardWork work)
    {
        if (work.Peer is not { } key)
        {
            turn.Add(work);
            work.Stage(turn, null);
        }
        else if (FindResident(key) is { } peer)
        {
            Stage(turn, work, peer);
        }
        else
        {
            Park(key, work);
        }
    }

    private void Stage(ShardTurn turn, ShardWork work, ResidentPeer peer)
    {
        if (peer.IsForgotten)
        {
            ParkBehindLeaving(peer.Key, work);      // what comes after is another peer's, even under the same name
            return;
        }

        turn.Add(work);
        work.Stage(turn, peer);
    }

    private void AfterSettle(ShardTurn turn, TouchedPeer touched)
    {
        var peer = touched.Peer;
        var facts = touched.Output.Events;
        if (facts.Count > 0)
        {
            foreach (var fact in facts)
            {
                switch (fact)
                {
                    case PeerEvent.Added:
                        peer.Vault = _store.NewVault(_environment.Entropy);
                        turn.Rows.Add(_store.VaultRow(peer, turn.Input.Wall));
                        break;
                    case PeerEvent.PolicyChanged:
                        peer.PolicyChanged();
                        break;
                    default:
                        break;
                }
            }
        }

        ScheduleTick(peer);
    }

    private void Commit(ShardTurn turn)
    {
        var position = _end.Next;
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
        foreach (var touched in turn.Touched)
        {
            touched.Peer.Staging = null;
        }

        turn.Overtakes = turn.MayOvertake();
        if (!turn.Overtakes)
        {
            CountOpen(turn, +1);
        }

        lock (_uncommitted)
        {
            if (_fault is not null)
            {
                return;     // ended meanwhile: the next turn answers this one with the rest
            }

            if (!turn.Overtakes)
            {
                _uncommitted.Enqueue(turn);
            }

            _turn = null;
        }

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
                while ((turn = NextDurable()) is not null)
                {
                    Perform(turn);
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
        while (PeekDurable());

        _performing.Exit();
        if (HasWork || _quiet is not null)
        {
            Schedule();
        }
    }

    private bool PeekDurable()
    {
        lock (_uncommitted)
        {
            return _fault is null && _uncommitted.TryPeek(out var turn)
                && (turn.Committing is { IsCompleted: true } || (turn.Committing is null && turn.Commit is null));
        }
    }

    private ShardTurn? NextDurable()
    {
        ShardTurn turn;
        lock (_uncommitted)
        {
            if (_fault is not null || !_uncommitted.TryPeek(out turn!) || turn.Committing is { IsCompleted: false }
                || (turn.Committing is null && turn.Commit is not null))
            {
                return null;
            }

            if (turn.Committing is null or { IsCompletedSuccessfully: true })
            {
                _uncommitted.Dequeue();
                return turn;
            }
        }

        End(turn.Committing.Exception?.GetBaseException() is { } failure
            ? ShardErrors.CommitFailed(Id, failure)
            : StopReason);
        return null;
    }

    /// <summary>Lets nothing more be staged or performed. What belongs to the turn is answered there, see <see cref="Bury"/>.</summary>
    private void End(EngineException reason)
    {
        ShardTurn[] unanswered;
        lock (_uncommitted)
        {
            if (_fault is not null)
            {
                return;
            }

            _fault = reason;
            unanswered = [.. _uncommitted];
            _uncommitted.Clear();
        }

        _mailbox.Complete();
        foreach (var turn in unanswered)
        {
            turn.Fail(reason);
        }

        Schedule();
    }

    /// <summary>Answers everything that waits here; runs in the turn, which alone may look at it, and again for what comes later.</summary>
    private void Bury(EngineException reason)
    {
        var notBegun = ShardErrors.NotBegun(reason);        // none of it was handed to the journal
        while (_internal.TryDequeue(out var work))
        {
            work.Fail(notBegun);
        }

        while (_mailbox.TryRead(out var work))
        {
            work.Fail(notBegun);
        }

        _turn?.Fail(notBegun);
        _turn = null;
        foreach (var work in _loading.Values.SelectMany(waiting => waiting))
        {
            work.Fail(notBegun);
        }

        _loading.Clear();
        _parked = 0;
        _parkedBytes = 0;
        FailSessionWaiters(reason);
        _checkpoint?.Fail(reason);
        _checkpoint = null;
        _quiet?.TrySetResult();
        if (reason.Code is EngineErrorCode.EngineStopping or EngineErrorCode.ShardElsewhere)
        {
            _ended.TrySetResult();
        }
        else
        {
            _ended.TrySetException(reason);
        }

        _buried.TrySetResult();
    }

    private void FailSessionWaiters(EngineException reason)
    {
        foreach (var peer in _clock)
        {
            var waiters = peer.SessionWaiters ?? [];
            peer.SessionWaiters = null;
            foreach (var waiter in waiters)
            {
                waiter.Fail(reason);
            }
        }
    }
}

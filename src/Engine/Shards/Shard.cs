using System.Collections.Concurrent;
using System.Threading.Channels;
using Kyberium.Engine.Diagnostics;
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
/// <see cref="CommitsOpenMax"/>. Batches are performed and answered strictly in the order they were staged.</para>
/// <para>State moves on as it is staged. When a commit fails the shard ends: everything not answered fails with a transient
/// code, and the supervisor recovers it from the journal.</para>
/// </remarks>
internal sealed partial class Shard : IAsyncDisposable
{
    internal const int CommitsOpenMax = 4;
    internal const long WindowNoticeMillis = 100;

    private readonly ShardEnvironment _environment;
    private readonly Channel<ShardWork> _mailbox;
    private readonly ConcurrentQueue<ShardWork> _internal = new();
    private readonly ConcurrentDictionary<PeerKey, ResidentPeer> _peers = new();
    private readonly ConcurrentDictionary<ReceiverIndex, EpochTraffic> _traffic = new();
    private readonly ConcurrentDictionary<ReceiverIndex, PeerKey> _handshakes = new();
    private readonly Dictionary<PeerKey, List<ShardWork>> _loading = [];
    private readonly Queue<ShardTurn> _uncommitted = new();
    private readonly StateWriter _record = new();
    private readonly StateWriter _scratch = new();
    private readonly IHandshakeProvider _handshakeProvider;
    private readonly ShardStore _store;
    private readonly UInt128 _salt;
    private readonly TaskCompletionSource _ended;
    private readonly InFlight _computing;

    private ShardTurn? _turn;
    private int _scheduled;
    private int _draining;
    private int _disposed;
    private int _parked;
    private ulong _sealCounter;
    private LogPosition _end;
    private EngineException? _fault;
    private volatile bool _stopping;

    private Shard(ShardEnvironment environment, ShardStore store, UInt128 salt, IHandshakeProvider? handshakeProvider)
    {
        _environment = environment;
        _store = store;
        _salt = salt;
        _end = store.End;
        _ended = new TaskCompletionSource(environment.Scheduler.Completion);
        _computing = new InFlight(environment.Scheduler);
        _handshakeProvider = handshakeProvider ?? new PqIkHandshakes(
            (ushort)store.Id.Number, environment.Identities, environment.EphemeralKeys, environment.Documents);
        _mailbox = Channel.CreateBounded<ShardWork>(new BoundedChannelOptions(environment.Settings.Shard.MailboxCountMax)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,     // a full shard slows its callers; it never drops or grows
            AllowSynchronousContinuations = environment.Scheduler.Completion == TaskCreationOptions.None,
        });
    }

    internal ShardId Id => _store.Id;

    internal ShardMetrics Metrics { get; } = new();

    /// <summary>Gets a task that ends when the shard has ended: normally after a stop, or with what ended it.</summary>
    internal Task Ended => _ended.Task;

    internal int ResidentCount => _peers.Count;

    internal int TrafficCount => _traffic.Count;

    internal int MailboxCount => _mailbox.Reader.Count;

    /// <summary>Waits for room: the engine's only form of backpressure towards callers.</summary>
    internal async ValueTask EnqueueAsync(ShardWork work, CancellationToken cancellationToken)
    {
        while (!_mailbox.Writer.TryWrite(work))
        {
            if (!await _mailbox.Writer.WaitToWriteAsync(cancellationToken).ConfigureAwait(false))
            {
                work.Fail(_fault ?? ShardErrors.Stopping(Id));
                return;
            }
        }

        Schedule();
    }

    /// <summary>Adds work of the engine's own; bounded by what it comes from.</summary>
    internal void PostInternal(ShardWork work)
    {
        _internal.Enqueue(work);
        Schedule();
    }

    internal ResidentPeer? FindResident(PeerKey peer) => _peers.GetValueOrDefault(peer);

    internal EpochTraffic? FindTraffic(ReceiverIndex index) => _traffic.GetValueOrDefault(index);

    internal PeerKey? FindHandshake(ReceiverIndex index) =>
        _handshakes.TryGetValue(index, out var peer) ? peer : null;

    internal void Opened(EpochTraffic traffic, Sessions.Traffic.OpenOutcome outcome)
    {
        _environment.Keyed.Used(traffic);
        Metrics.Opened(outcome);
    }

    /// <summary>Makes an epoch's traffic and lets its index be found.</summary>
    internal EpochTraffic Attach(ResidentPeer peer, EpochState epoch)
    {
        var traffic = new EpochTraffic(peer, epoch, peer.TrafficLimits, _environment.Entropy);
        Invariant.Holds(_traffic.TryAdd(epoch.LocalIndex, traffic), "a receiver index is unique in its shard");
        return traffic;
    }

    /// <summary>Takes no more from callers, finishes what it has, writes a last checkpoint and ends.</summary>
    internal async ValueTask StopAsync()
    {
        _mailbox.Writer.TryComplete();
        var drained = new TaskCompletionSource(_environment.Scheduler.Completion);
        PostInternal(new TurnWork(_ => { }, () => drained.TrySetResult(), _ => drained.TrySetResult()));
        await drained.Task.ConfigureAwait(false);
        if (_fault is null)
        {
            await CheckpointAsync().ConfigureAwait(false);
        }

        _stopping = true;
        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _stopping = true;
        _mailbox.Writer.TryComplete();
        _tick?.Dispose();
        _checkpointTimer?.Dispose();
        await _computing.CloseAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        foreach (var traffic in _traffic.Values)
        {
            traffic.Dispose();
        }

        foreach (var peer in _peers.Values)
        {
            peer.Vault?.Dispose();
        }

        _traffic.Clear();
        _peers.Clear();
        _ended.TrySetResult();
    }

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _environment.Scheduler.Post(static shard => ((Shard)shard!).Run(), this);
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

        Volatile.Write(ref _scheduled, 0);
        if (HasWork && CanStage)
        {
            Schedule();
        }
    }

    private bool HasWork => !_internal.IsEmpty || (_mailbox.Reader.CanCount && _mailbox.Reader.Count > 0);

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
            FailWaiting(fault);
            return false;
        }

        if (!CanStage)
        {
            return false;       // taken up again when a commit completes
        }

        var turn = _turn = new ShardTurn(this, _environment.Input());
        var settings = _environment.Settings.Shard;
        while (turn.Works.Count < settings.BatchCountMax && TryTake(out var work))
        {
            Stage(turn, work);
        }

        if (turn.Works.Count == 0)
        {
            return false;
        }

        turn.Settle();
        foreach (var touched in turn.Touched)
        {
            AfterSettle(turn, touched);
        }

        MakeRoom(turn);
        Commit(turn);
        return true;
    }

    private bool TryTake(out ShardWork work)
    {
        if (_internal.TryDequeue(out work!))
        {
            return true;
        }

        return _parked < _environment.Settings.Shard.MailboxCountMax && _mailbox.Reader.TryRead(out work!);
    }

    private void Stage(ShardTurn turn, ShardWork work)
    {
        ResidentPeer? peer = null;
        if (work.Peer is { } key && !_peers.TryGetValue(key, out peer))
        {
            Park(key, work);
            return;
        }

        turn.Works.Add(work);
        work.Stage(turn, peer);
    }

    private void AfterSettle(ShardTurn turn, TouchedPeer touched)
    {
        var peer = touched.Peer;
        peer.Staging = null;
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

        foreach (var auditEvent in turn.Audit)
        {
            BatchRecord.AddAudit(_record, auditEvent);
            hasRecord = true;
        }

        var end = hasRecord ? position : _end;
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
            foreach (var touched in turn.Touched)
            {
                Interlocked.Increment(ref touched.Peer.CommitsOpen);
            }
        }

        _record.Clear();
        lock (_uncommitted)
        {
            _uncommitted.Enqueue(turn);
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

    /// <summary>Performs the batches at the head of the line that are durable. One thread at a time; order is kept.</summary>
    private void Drain()
    {
        do
        {
            if (Interlocked.Exchange(ref _draining, 1) != 0)
            {
                return;     // whoever drains now looks again before it leaves
            }

            try
            {
                while (NextDurable() is { } turn)
                {
                    Perform(turn);
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                End(ShardErrors.Broken(Id, exception));
            }
            finally
            {
                Volatile.Write(ref _draining, 0);
            }
        }
        while (PeekDurable());

        if (HasWork)
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

        End(ShardErrors.CommitFailed(Id, turn.Committing.Exception!.GetBaseException()));
        return null;
    }

    private void FailWaiting(EngineException reason)
    {
        while (_internal.TryDequeue(out var work))
        {
            work.Fail(reason);
        }

        while (_mailbox.Reader.TryRead(out var work))
        {
            work.Fail(reason);
        }
    }

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

        _mailbox.Writer.TryComplete();
        foreach (var turn in _turn is { } staging && !unanswered.Contains(staging) ? [.. unanswered, staging] : unanswered)
        {
            foreach (var work in turn.Works.Concat(turn.Settled))
            {
                work.Fail(reason);
            }
        }

        foreach (var parked in _loading.Values)
        {
            foreach (var work in parked)
            {
                work.Fail(reason);
            }
        }

        foreach (var peer in _peers.Values)
        {
            foreach (var waiter in peer.ConnectWaiters ?? [])
            {
                waiter.Fail(reason);
            }
        }

        FailWaiting(reason);
        _ended.TrySetException(reason);
    }
}

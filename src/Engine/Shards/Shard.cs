using System.Collections.Concurrent;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Placement;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
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
    private readonly OpenBatches _open = new(CommitsOpenMax);
    private readonly ResidentClock _residents = new();
    private readonly ParkedWork _parked;
    private readonly PeerTicks _ticks;
    private readonly IHandshakeProvider _handshakeProvider;
    private readonly ShardStore _store;
    private readonly KeyUpkeep _upkeep;
    private readonly AuditBacklog? _audit;
    private readonly InFlight _computing;
    private readonly InFlight _performing;

    private Shard(ShardEnvironment environment, ShardStore store, AuditBacklog? audit, UInt128 salt, IHandshakeProvider? handshakeProvider)
    {
        _environment = environment;
        _store = store;
        Number = store.Id.Number;
        _audit = audit;
        _salt = salt;
        _parked = new ParkedWork(environment.Settings.Shard);
        _ticks = new PeerTicks(this, environment.Scheduler, environment.Settings.Shard.BatchCountMax);
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

    internal int ResidentCount => _residents.Count;

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
            work.Fail(ShardErrors.NotBegun(_open.Fault ?? StopReason));
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
}

using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>A peer that a batch has touched, with what was decided for it.</summary>
internal sealed record TouchedPeer(ResidentPeer Peer)
{
    internal StepOutput Output { get; } = new();

    /// <summary>Gets or sets on whose behalf the last command ran.</summary>
    internal CallerContext Caller { get; set; }

    /// <summary>Gets or sets how many of the output's effects were looked at while staging.</summary>
    internal int EffectsSeen { get; set; }

    /// <summary>Gets or sets where new records are sealed once the batch is durable, when that changed.</summary>
    internal EpochTraffic? SendingAfter { get; set; }

    internal bool SendingChanged { get; set; }
}

/// <summary>One batch of a shard: staged in a turn, made durable by one commit, then performed and answered.</summary>
internal sealed partial class ShardTurn(Shard shard, StepInput input)
{
    private readonly List<TouchedPeer> _touched = [];

    internal Shard Shard { get; } = shard;

    internal StepInput Input { get; } = input;

    internal List<TouchedPeer> Touched => _touched;

    internal List<ShardWork> Works { get; } = [];

    /// <summary>Gets waiters whose session was settled by this batch.</summary>
    internal List<PeerWork> Settled { get; } = [];

    internal List<AuditEvent> Audit { get; } = [];

    /// <summary>Gets the peers whose snapshots go with this commit.</summary>
    internal HashSet<ResidentPeer> Snapshots { get; } = [];

    /// <summary>Gets those of them that are about to leave memory: their exact windows go along.</summary>
    internal HashSet<ResidentPeer> Leaving { get; } = [];

    internal List<RowChange> Rows { get; } = [];

    /// <summary>Gets the public documents that have rows once this is durable: nobody needs them in memory then.</summary>
    internal List<(ResidentPeer Peer, ReadOnlyMemory<byte> Document)> Documents { get; } = [];

    internal LogPosition? TruncateThrough { get; set; }

    /// <summary>Gets what happens first once the batch is durable: reservations take effect before anything is answered.</summary>
    internal List<Action> AfterDurable { get; } = [];

    internal JournalCommit? Commit { get; set; }

    /// <summary>Gets or sets where the log ends once the batch is durable.</summary>
    internal LogPosition End { get; set; }

    internal Task? Committing { get; set; }

    /// <summary>Gets the peers that callers looked at.</summary>
    internal List<ResidentPeer> Looked { get; } = [];

    /// <summary>Gets or sets whether it is performed ahead of the batches before it, see <see cref="MayOvertake"/>.</summary>
    internal bool Overtakes { get; set; }

    /// <summary>Says whether it may be performed ahead of batches before it: nothing of it is to be made durable, it sees no more than its peers, and none
    /// of these is in a batch that is still open. So all that it shows is durable, and each peer's batches keep their order.</summary>
    internal bool MayOvertake() =>
        Commit is null && AfterDurable.Count == 0 && Works.TrueForAll(static work => work.IsOfOnePeer)
        && _touched.TrueForAll(static touched => Volatile.Read(ref touched.Peer.TurnsOpen) == 0)
        && Looked.TrueForAll(static peer => Volatile.Read(ref peer.TurnsOpen) == 0);

    /// <summary>Gets the bytes that callers and peers brought into this batch.</summary>
    internal long Bytes { get; private set; }

    internal void Add(ShardWork work)
    {
        Works.Add(work);
        Bytes += work.Bytes;
    }

    /// <summary>Answers everything of this batch with a failure.</summary>
    internal void Fail(EngineException reason)
    {
        foreach (var work in Works)
        {
            work.Fail(reason);
        }

        foreach (var work in Settled)
        {
            work.Fail(reason);
        }
    }

    internal TouchedPeer Touch(ResidentPeer peer)
    {
        if (peer.Staging is not { } touched)
        {
            peer.Staging = touched = new TouchedPeer(peer);
            _touched.Add(touched);
        }

        peer.Touched = true;
        return touched;
    }

    /// <summary>Decides a command and looks at what it means for this turn.</summary>
    internal PeerReply Decide(ResidentPeer peer, PeerCommand command, CallerContext caller)
    {
        var touched = Touch(peer);
        touched.Caller = caller;
        var reply = peer.Machine.Decide(command, Input, touched.Output);
        Observe(touched);
        return reply;
    }

    internal void Settle()
    {
        for (var i = 0; i < _touched.Count; i++)
        {
            var touched = _touched[i];
            touched.Peer.Machine.Settle(Input, touched.Output);
            Observe(touched);
        }
    }

    /// <summary>Reports what a caller did; one who chose no id for it is given one.</summary>
    internal void ReportAct(ResidentPeer peer, string kind, CallerContext caller, string detail)
    {
        var operation = caller.Operation;
        if (operation == Guid.Empty)
        {
            Span<byte> random = stackalloc byte[16];
            Input.Entropy.Fill(random);
            operation = new Guid(random);
        }

        Report(peer, kind, caller with { Actor = caller.Actor ?? CallerContext.Unnamed, Operation = operation }, detail);
    }

    internal void Report(ResidentPeer peer, string kind, CallerContext caller, string detail) =>
        Audit.Add(new AuditEvent(
            DateTimeOffset.FromUnixTimeMilliseconds(Input.Wall.Value), kind, peer.Key.Identity.Value, peer.Key.Peer.Value,
            caller.Actor ?? "engine", caller.Correlation ?? string.Empty, detail, Shard.Id, default, Audit.Count, caller.Operation));

    private void SettleWaiters(ResidentPeer peer, bool forEpoch, EngineErrorCode? failure)
    {
        if (peer.SessionWaiters is not { } waiters)
        {
            return;
        }

        foreach (var waiter in waiters)
        {
            if (waiter.WaitsForEpoch == forEpoch)
            {
                waiter.Settle(failure);
                Settled.Add(waiter);
            }
        }

        waiters.RemoveAll(waiter => waiter.WaitsForEpoch == forEpoch);
        peer.SessionWaiters = waiters.Count == 0 ? null : waiters;
    }

    private void Observe(TouchedPeer touched)
    {
        var effects = touched.Output.Effects;
        for (; touched.EffectsSeen < effects.Count; touched.EffectsSeen++)
        {
            switch (effects[touched.EffectsSeen])
            {
                case PeerEffect.Listen listen:
                    // Attached now: effects of the same batch seal under it, and a snapshot may read its counts.
                    listen.Epoch.Traffic ??= Shard.Attach(touched.Peer, listen.Epoch);
                    break;
                case PeerEffect.SendingChanged:
                    touched.SendingChanged = true;
                    SettleWaiters(touched.Peer, forEpoch: true, failure: null);
                    break;
                case PeerEffect.EpochWaitEnded:
                    SettleWaiters(touched.Peer, forEpoch: true, EngineErrorCode.EpochExhausted);
                    break;
                case PeerEffect.ConnectSettled settled:
                    SettleWaiters(touched.Peer, forEpoch: false, settled.Failure);
                    break;
                case PeerEffect.TransferAborted aborted when Shard.OperationOf(touched.Peer.Key, aborted.Transfer) is { } operation:
                    Report(
                        touched.Peer, AuditKinds.TransferRefused, touched.Caller with { Operation = operation },
                        $"transfer {aborted.Transfer}: the peer's inbox cannot hold it");
                    break;
                case PeerEffect.Report report:
                    Report(
                        touched.Peer, AuditKinds.Of(report.What),
                        report.Operation == Guid.Empty ? touched.Caller : touched.Caller with { Operation = report.Operation }, report.Detail);
                    break;
                default:
                    break;
            }
        }

        if (touched.SendingChanged)
        {
            touched.SendingAfter = (EpochTraffic?)touched.Peer.State.Sending?.Current.Traffic;
        }
    }
}

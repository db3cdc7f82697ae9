using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

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
internal sealed class ShardTurn(Shard shard, StepInput input)
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

    /// <summary>Opens a record for the machine. What needs a reservation first comes again once that is durable.</summary>
    internal void Open(EnvelopeWork work)
    {
        if (Shard.FindTraffic(work.Header.Receiver) is not { } traffic)
        {
            return;     // its epoch is gone: the peer sends again under another
        }

        var plaintext = new byte[work.Header.BodyLength - EnvelopeHeader.TagSize];
        OpenOutcome outcome;
        OpenDetails details;
        lock (traffic.Gate)
        {
            if (traffic.IsDisposed)
            {
                return;
            }

            outcome = traffic.Receiving.TryOpen(work.Header, work.Envelope.Span, default, plaintext, out details);
        }

        Shard.Opened(traffic, outcome);
        switch (outcome)
        {
            case OpenOutcome.Opened:
                if (details.ReserveThrough is { } renew)
                {
                    Reserve(traffic.Peer, traffic, work.Header.Incarnation, renew, isNew: false, default);
                }

                if (work.Exchange is { } exchange && !details.IsRepeatable)
                {
                    AfterDurable.Add(() => exchange.Prove(traffic.Peer.Key));
                }

                Dispatch(traffic, work.Header, plaintext);
                break;
            case OpenOutcome.NeedsReservation:
                Reserve(
                    traffic.Peer, traffic, work.Header.Incarnation, details.ReserveThrough!.Value, details.IsNewIncarnation,
                    details.CloseFirst);
                AfterDurable.Add(() => Shard.PostInternal(work));
                break;
            case OpenOutcome.BelowReservation:
                if (work.Exchange is { } asking)
                {
                    AfterDurable.Add(() => asking.Listen(traffic.Peer.Key));
                }

                Notice(traffic, work.Header, details.RefusedThrough);
                break;
            default:
                break;      // silence
        }

        AskForRekey(traffic);
    }

    /// <summary>Records a reservation; it takes effect when durable. An incarnation the store knows is taken up again instead,
    /// and what an earlier owner reserved of it stays refused.</summary>
    internal void Reserve(
        ResidentPeer peer, EpochTraffic traffic, Incarnation incarnation, ulong through, bool isNew, Incarnation closeFirst)
    {
        if (Shard.FindTraffic(traffic.Epoch.LocalIndex) != traffic)
        {
            return;     // the peer left memory and came back while this waited: what is reserved would not reach its windows
        }

        var isKnown = traffic.Epoch.Reservations.TryGetValue(incarnation, out var known);
        lock (traffic.Gate)
        {
            if (isNew && isKnown && !traffic.Arriving.Contains(incarnation))
            {
                if (!traffic.IsDisposed && !IsOpen(traffic, incarnation))
                {
                    CloseFirst(traffic, closeFirst);
                    traffic.Receiving.MakeRoom();
                    traffic.Receiving.Reopen(incarnation, known);
                }

                return;
            }

            if (isKnown && known >= through)
            {
                return;     // asked for twice
            }

            if (!isKnown)
            {
                traffic.Arriving.Add(incarnation);
            }
        }

        Decide(peer, new PeerCommand.Reserve(traffic.Epoch.LocalIndex, incarnation, through), default);
        AfterDurable.Add(() => Apply(traffic, incarnation, through, closeFirst));
    }

    private static void Apply(EpochTraffic traffic, Incarnation incarnation, ulong through, Incarnation closeFirst)
    {
        lock (traffic.Gate)
        {
            var arrives = traffic.Arriving.Remove(incarnation);
            if (traffic.IsDisposed)
            {
                return;
            }

            if (!IsOpen(traffic, incarnation))
            {
                if (!arrives)
                {
                    return;     // closed meanwhile: its window is gone, so the next record takes it up above all that was reserved
                }

                // Others may have taken the place since the record asked for it.
                CloseFirst(traffic, closeFirst);
                traffic.Receiving.MakeRoom();
            }

            traffic.Receiving.ApplyReservation(incarnation, through);
        }
    }

    internal void AskForRekey(EpochTraffic traffic)
    {
        bool wants;
        lock (traffic.Gate)
        {
            wants = !traffic.RekeyAsked && !traffic.IsDisposed && (traffic.Sending.WantsRekey || traffic.Receiving.WantsRekey);
            traffic.RekeyAsked |= wants;
        }

        if (wants)
        {
            Decide(traffic.Peer, new PeerCommand.RekeyDue(traffic.Epoch.LocalIndex), default);
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

    private static bool IsOpen(EpochTraffic traffic, Incarnation incarnation) =>
        traffic.Receiving.IsOpen(incarnation);

    private static void CloseFirst(EpochTraffic traffic, Incarnation incarnation)
    {
        // What was reserved of it is durable and at least as high as anything it opened: a later record above that takes
        // it up again.
        if (!incarnation.IsZero && IsOpen(traffic, incarnation))
        {
            traffic.Receiving.BeginClose(incarnation);
            traffic.Receiving.CloseIncarnation(incarnation);
        }
    }

    private void Dispatch(EpochTraffic traffic, in EnvelopeHeader header, byte[] plaintext)
    {
        if (header.Type == EnvelopeType.WindowNotice)
        {
            if (WindowNotice.TryRead(plaintext, out var notice, out _))
            {
                lock (traffic.Gate)
                {
                    if (!traffic.IsDisposed && traffic.Sending.Skip(notice) == SkipOutcome.TooFar)
                    {
                        traffic.Sending.AbandonIncarnation();
                    }
                }
            }

            return;
        }

        if (header.Type != EnvelopeType.Confirm)
        {
            traffic.Heard();
        }

        Decide(traffic.Peer, new PeerCommand.Record(traffic.Epoch.LocalIndex, header.Type, plaintext), new CallerContext("peer"));
    }

    private void Notice(EpochTraffic traffic, in EnvelopeHeader header, ulong through)
    {
        if (Input.Now.Value - traffic.NoticedAt.Value < Shard.WindowNoticeMillis)
        {
            return;
        }

        traffic.NoticedAt = Input.Now;
        var notice = new byte[WindowNotice.Size];
        new WindowNotice(header.Epoch, header.Incarnation, through).Write(notice);
        Touch(traffic.Peer).Output.Effects.Add(new PeerEffect.Seal(traffic.Epoch, EnvelopeType.WindowNotice, notice));
    }

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

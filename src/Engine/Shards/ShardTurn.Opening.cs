using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>How a batch opens records, and reserves first what their windows need.</summary>
internal sealed partial class ShardTurn
{
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
}

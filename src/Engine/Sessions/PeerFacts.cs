using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>Applies facts. Deterministic in the state and the fact: recovery is this folded over the journal.</summary>
internal static class PeerFacts
{
    internal static void Apply(PeerState state, PeerEvent fact)
    {
        switch (fact)
        {
            case PeerEvent.MessageQueued e:
                state.Outgoing.Add(new OutgoingMessage
                {
                    Operation = e.Operation,
                    Flags = e.Flags,
                    ChainFlags = e.Flags,
                    Payload = e.Payload,
                    ExpiresAt = e.ExpiresAt,
                });
                break;
            case PeerEvent.Acknowledged e:
                state.Outgoing.AcknowledgeThrough(e.Through);
                break;
            case PeerEvent.MessageExpired e:
                state.Outgoing.Expire(e.Number);
                break;
            case PeerEvent.OutgoingStopped e:
                state.Outgoing.Stopped = e.Reason;
                break;
            case PeerEvent.OutgoingReset e:
                state.Outgoing.Reset(e.Stream);
                break;
            case PeerEvent.MessageAccepted e:
                Accept(state.Incoming, e);
                break;
            case PeerEvent.MessageHandled e:
                Remove(state.Incoming, e.Stream, e.Number);
                break;
            case PeerEvent.MessageDropped e:
                Remove(state.Incoming, e.Stream, e.Number);
                break;
            case PeerEvent.MessageFailed e:
                var failed = state.Incoming.Find(e.Stream, e.Number)!.Value;
                failed.Failures++;
                failed.SetAside = e.SetAside;
                failed.HandedOut = false;
                failed.Changed();
                break;
            case PeerEvent.MessageRetried e:
                var retried = state.Incoming.Find(e.Stream, e.Number)!.Value;
                retried.Failures = 0;
                retried.SetAside = false;
                retried.HandedOut = false;
                retried.Changed();
                break;
            case PeerEvent.IncomingAdopted e:
                state.Incoming.Adopt(e.Stream, e.Expected);
                break;
            case PeerEvent.IncomingStopped e:
                state.Incoming.Stopped = e.Reason;
                state.Incoming.Early = null;
                break;
            case PeerEvent.IncomingReset:
                state.Incoming.Forget();
                break;
            case PeerEvent.ReservationMade e:
                if (EpochOf(state, e.Index) is { } reserved)
                {
                    reserved.Reservations.Set(e.Incarnation, e.Through);
                }

                break;
            case PeerEvent.SessionEstablished e:
                Establish(state, e);
                break;
            case PeerEvent.SessionPreferred e:
                var preferred = SessionOf(state, e.Session);
                preferred.Unproved = false;
                Prefer(state, preferred);
                break;
            case PeerEvent.EpochPending e:
                var pending = SessionOf(state, e.Epoch.Session);
                pending.Pending = EpochState.Of(e.Epoch, isInitiator: true, pending.Suite, default);
                break;
            case PeerEvent.EpochCommitted e:
                var committed = SessionOf(state, e.Session);
                Turn(committed, committed.Pending ?? throw Invariant.Violated("a committed epoch was pending"));
                break;
            case PeerEvent.EpochAccepted e:
                var accepted = SessionOf(state, e.Epoch.Session);
                Turn(accepted, EpochState.Of(e.Epoch, isInitiator: false, accepted.Suite, default));
                break;
            case PeerEvent.PreviousEpochDropped e:
                SessionOf(state, e.Session).Previous = null;
                break;
            case PeerEvent.SessionRetired e:
                Retire(state, e.Session);
                break;
            case PeerEvent.SessionsDropped:
                state.Sessions.Clear();
                state.Sending = null;
                break;
            case PeerEvent.Added e:
                state.Exists = true;
                state.Pins = [e.Pin];
                state.Policy = e.Policy;
                state.Addresses = e.Addresses;
                state.Generation = e.Generation;
                state.Outgoing.Open(e.Outgoing);
                break;
            case PeerEvent.Forgotten:
                state.Exists = false;
                state.Suspended = false;
                state.Held = false;
                state.Performed.Clear();
                state.Sessions.Clear();
                state.Sending = null;
                state.Outgoing.Clear();
                state.Incoming.Clear();
                break;
            case PeerEvent.PinAdded e:
                state.Pins = [.. state.Pins, e.Pin];
                break;
            case PeerEvent.PinProved e:
                // What is proved last is what the peer uses now: an older pin beside it has done its service.
                state.PinOnly(pin => pin.Fingerprint == e.Fingerprint);
                state.Pins = [state.Pins[0] with { Proved = true }];
                break;
            case PeerEvent.PinRemoved e:
                state.PinOnly(pin => pin.Fingerprint != e.Fingerprint);
                break;
            case PeerEvent.AddressesSet e:
                state.Addresses = e.Addresses;
                break;
            case PeerEvent.PolicyChanged e:
                state.Policy = e.Policy;
                break;
            case PeerEvent.Suspended:
                state.Suspended = true;
                break;
            case PeerEvent.Resumed:
                state.Suspended = false;
                break;
            case PeerEvent.Held:
                state.Held = true;
                break;
            case PeerEvent.Released:
                state.Held = false;
                break;
            case PeerEvent.OperationPerformed e:
                state.Performed.AddNewest(e.Operation, PeerState.PerformedCountMax);
                break;
            case PeerEvent.GenerationSet e:
                state.Generation = e.Generation;
                break;
            default:
                throw Invariant.Violated($"no rule applies {fact.GetType().Name}");
        }
    }

    private static void Establish(PeerState state, PeerEvent.SessionEstablished e)
    {
        var session = new SessionState
        {
            Id = e.Epoch.Session,
            IsInitiator = e.IsInitiator,
            Suite = e.Suite,
            Local = e.Local,
            Remote = state.Shared(e.Remote),
            Current = EpochState.Of(e.Epoch, e.IsInitiator, e.Suite, default),
            Superseded = !e.Sends,
            Unproved = !e.IsInitiator,
        };
        state.Sessions.Add(session);
        if (e.Sends)
        {
            Prefer(state, session);
        }
    }

    private static void Prefer(PeerState state, SessionState session)
    {
        if (state.Sending is { } before)
        {
            before.Superseded = true;   // a pending epoch stays: the peer may hold it already and seal under it
        }

        session.Superseded = false;
        state.Sending = session;
    }

    private static void Turn(SessionState session, EpochState next)
    {
        session.Current.Secrets.EraseRoot();
        session.Previous = session.Current;
        session.Current = next;
        session.Pending = null;
        session.PreviousDropAt = MonotonicMillis.Never;
        session.Unproved = false;
        session.IsNextWanted = false;
        session.IsStoppedByAge = false;
    }

    private static void Retire(PeerState state, SessionId id)
    {
        state.Sessions.Remove(SessionOf(state, id));
        if (state.Sending?.Id == id)
        {
            // Falls back to the youngest that still opens, when there is one.
            state.Sending = state.Sessions.Count > 0 ? state.Sessions[^1] : null;
            if (state.Sending is { } fallback)
            {
                fallback.Superseded = false;
            }
        }
    }

    private static void Accept(IncomingStream stream, PeerEvent.MessageAccepted e)
    {
        var isVoid = (e.Flags & MessageFlags.Void) != 0;
        stream.ChainBelow = isVoid
            ? ChainHash.Next(e.ChainBelow, e.Number, (MessageFlags)e.Payload.Span[0], e.Payload.Span[1..])
            : ChainHash.NextOf(e.ChainBelow, e.Number, e.Flags, e.Payload.Span);
        stream.Expected = e.Number + 1;
        if (!isVoid)
        {
            stream.PayloadBytes += e.Payload.Length;
            stream.Unhandled.AddLast(new IncomingMessage
            {
                Stream = stream.Id,
                Number = e.Number,
                Ordinal = stream.NextOrdinal++,
                Flags = e.Flags,
                Payload = e.Payload,
            });
        }
    }

    private static void Remove(IncomingStream stream, StreamId id, ulong number)
    {
        var node = stream.Find(id, number) ?? throw Invariant.Violated("what is handled was accepted");
        stream.PayloadBytes -= node.Value.Payload.Length;
        if (node.Value.Row != RowState.Absent)
        {
            stream.StaleRows.Add(node.Value.Ordinal);
        }

        stream.Unhandled.Remove(node);
    }

    private static SessionState SessionOf(PeerState state, SessionId id) =>
        state.Sessions.Find(session => session.Id == id) ?? throw Invariant.Violated("a fact names a session that exists");

    private static EpochState? EpochOf(PeerState state, ReceiverIndex index)
    {
        foreach (var session in state.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (epoch.LocalIndex == index)
                {
                    return epoch;
                }
            }
        }

        return null;
    }
}

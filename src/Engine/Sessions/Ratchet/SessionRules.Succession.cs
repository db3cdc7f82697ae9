using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <content>Which session sends, which still opens, and which goes.</content>
internal static partial class SessionRules
{
    /// <summary>A record that is not a confirm opened in a session: what it succeeded can go.</summary>
    internal static void PeerUses(in PeerStep step, SessionState session)
    {
        if (session.AwaitsUse)
        {
            session.AwaitsUse = false;
            var before = step.State.Sending;
            if (before != session && Succeeds(before, session.SendingAtStart, session.InitiatorFingerprint))
            {
                step.Record(new PeerEvent.SessionPreferred(session.Id));
                Preferred(step, before);
                RekeyRules.SayUsed(step);
            }
        }

        if (session != step.State.Sending)
        {
            if (step.State is { SendingDoubtedSince: null, Sending: { } sending } state)
            {
                state.SendingDoubtedSince = step.Now;
                step.Emit(new PeerEffect.Watch(sending.Current));
            }

            return;
        }

        step.State.SendingDoubtedSince = null;
        if (session.Unproved)
        {
            step.Record(new PeerEvent.SessionPreferred(session.Id));
        }

        var isYounger = false;
        foreach (var other in step.State.Sessions)      // oldest first
        {
            isYounger |= other == session;
            if (other.Superseded && other.RetireAt == MonotonicMillis.Never && !(isYounger && other.AwaitsUse))
            {
                other.RetireAt = step.Now.After(step.Limits.PreviousKeptMillis);
            }
        }
    }

    /// <summary>Nothing was heard for long in the session that sends, though records went out in it: the peer may have lost it, and only a record
    /// that asks for an answer will tell. A rekey asks at once.</summary>
    internal static void Unheard(in PeerStep step, ReceiverIndex index)
    {
        if (step.State is { Sending: { } sending, SendingDoubtedSince: null } state && sending.Current.LocalIndex == index)
        {
            state.SendingDoubtedSince = new MonotonicMillis(step.Now.Value - step.Limits.UnansweredRekeyMillis);
            step.Emit(new PeerEffect.Watch(sending.Current));
        }
    }

    internal static void Retire(in PeerStep step, SessionState session)
    {
        var sent = step.State.Sending == session;
        step.Record(new PeerEvent.SessionRetired(session.Id));
        foreach (var epoch in session.Epochs)
        {
            step.Emit(new PeerEffect.Forget(epoch));
        }

        RekeyRules.Abandon(step, session);
        if (sent)
        {
            if (step.State.Sending is { } fallback)
            {
                RekeyRules.ResumeConfirming(fallback, step.Now);
            }

            step.State.DoubtUnproved(step.Now);
            OutgoingRules.SendAgain(step);
            step.EmitSendingChanged();
        }
    }

    /// <summary>Ends every session; <paramref name="tell"/>: the peer is told in each.</summary>
    internal static void DropAll(in PeerStep step, bool tell)
    {
        var sessions = step.State.Sessions.ToArray();
        if (tell)
        {
            foreach (var session in sessions)
            {
                step.Seal(session.Current, EnvelopeType.Close, new CloseNotice(CloseReason.Ended).Encode());
            }
        }

        AbandonAll(step);
        if (sessions.Length > 0)
        {
            step.Record(new PeerEvent.SessionsDropped());
            step.Report(PeerReport.SessionClosed, $"{sessions.Length} sessions");
        }

        foreach (var session in sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                step.Emit(new PeerEffect.Forget(epoch));
            }
        }

        step.EmitSendingChanged();
    }

    private static SessionState Establish(
        in PeerStep step, EpochState epoch, SessionId id, Suite suite, Fingerprint local, Fingerprint remote,
        SessionId? sendingAtStart)
    {
        var state = step.State;
        var before = state.Sending;

        // The initiator holds a new session in memory only until it is answered. Over another session the responder goes
        // on in that one until it sees the new one used; without another it has nothing better.
        var sends = before is null
            || (epoch.IsInitiator && Succeeds(before, sendingAtStart, local));
        step.Record(new PeerEvent.SessionEstablished(epoch.ToNew(id), epoch.IsInitiator, suite, local, remote, sends));
        var session = state.Sessions[^1];
        session.Current = epoch;            // the same facts, with the key state that is already at work
        session.AwaitsUse = !sends && !epoch.IsInitiator;
        session.SendingAtStart = sendingAtStart;
        Reservations.Keep(step, epoch);
        step.Report(PeerReport.SessionEstablished, $"session {id}, suite {suite}");
        if (state.PinOf(remote) is { Proved: false })
        {
            step.Record(new PeerEvent.PinProved(remote));
            step.Report(PeerReport.PinProved, remote.ToString());
        }

        state.RestartFailures = 0;
        NextEpochWish.Fulfilled(state);
        state.NothingIsUnanswered();        // the peer has answered, whoever asked
        state.DoubtUnproved(step.Now);      // but what it began itself it may have given up before the answer to its confirm came
        if (state.Handshakes?.Restart is { Confirming: null } attempt)
        {
            // The peer's handshake has done what this one was for. Past message 2 it goes on: the peer may have committed it.
            DropAttempt(step, attempt);
        }

        if (sends)
        {
            Preferred(step, before);
        }

        step.Emit(new PeerEffect.Watch(session.Current));
        step.Emit(new PeerEffect.ConnectSettled(null));
        while (state.Sessions.Count > SessionCountMax)
        {
            Retire(step, state.Sessions.Find(other => other != state.Sending && other != session)!);
        }

        return session;
    }

    private static void Preferred(in PeerStep step, SessionState? before)
    {
        if (before is not null)
        {
            RekeyRules.Abandon(step, before);
            before.ConfirmResendAt = MonotonicMillis.Never;
            step.Emit(new PeerEffect.Watch(before.Current));        // used on, it shows that the peer may not have its successor
        }

        OutgoingRules.SendAgain(step);
        step.EmitSendingChanged();
    }

    /// <summary>A session known when the new handshake began is succeeded by it. Otherwise both sides started at once,
    /// and the one whose initiator has the lower fingerprint stays.</summary>
    private static bool Succeeds(SessionState? sending, SessionId? sendingAtStart, Fingerprint initiator) =>
        sending is null || sending.Id == sendingAtStart || initiator.CompareTo(sending.InitiatorFingerprint) <= 0;
}

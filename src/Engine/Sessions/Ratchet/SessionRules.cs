using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The handshake of kind 0: makes a session (PROTOCOL section 2).</summary>
internal static class SessionRules
{
    /// <summary>Sessions under one peer: the one that sends, and those that still open.</summary>
    internal const int SessionCountMax = 4;

    private const int FinishFailuresMax = 8;
    private const int AnsweringCountMax = 4;

    internal static PeerReply Connect(in PeerStep step, PeerCommand.Connect command)
    {
        if (step.State.Suspended)
        {
            return PeerReply.Refused(EngineErrorCode.PeerSuspended);
        }

        if (step.State.Sending is not null && !command.Fresh)
        {
            return new PeerReply(null, 1);
        }

        return step.State.Handshakes?.Restart is not null || TryStart(step)
            ? PeerReply.Done
            : PeerReply.Refused(EngineErrorCode.PolicyForbids);
    }

    /// <summary>Starts an attempt, unless the last one failed just now. What cannot start waits as long as what failed.</summary>
    internal static void StartWhenDue(in PeerStep step)
    {
        var state = step.State;
        if (state.RestartAt.Value <= step.Now.Value && !TryStart(step))
        {
            state.RestartFailures++;        // no suite in common, or no pin: an operator has to change something
            state.RestartAt = step.Now.After(step.Limits.HandshakeBackoffMillisMax);
        }
    }

    /// <summary>Starts an attempt at a new session. While an identity or a pin is being replaced, attempts take turns
    /// between the old and the new, since the peer may know either.</summary>
    private static bool TryStart(in PeerStep step)
    {
        var state = step.State;
        if (state.Pins.Count == 0)
        {
            return false;
        }

        var turn = state.RestartFailures;
        var local = step.Context.LocalIdentities[turn % step.Context.LocalIdentities.Count];
        var remote = state.Pins[state.Pins.Count - 1 - (turn % state.Pins.Count)];
        if (step.Context.ChooseSuite(local, remote) is not { } suite)
        {
            return false;
        }

        var task = new HandshakeTask.Start(suite, local, remote, Base: null);
        step.Handshakes.Restart = new OwnAttempt
        {
            Suite = suite,
            Local = local,
            Remote = remote.Fingerprint,
            StartedAt = step.Now,
            SendingAtStart = state.Sending?.Id,
            Baseline = step.Baseline(),
            Computing = task,
        };
        step.Emit(new PeerEffect.Compute(task));
        return true;
    }

    /// <summary>Keeps a session with a peer that cannot call, and asks for a call in it.</summary>
    internal static void Knock(in PeerStep step)
    {
        if (step.State.Suspended)
        {
            return;
        }

        if (step.State.Sending is { } session)
        {
            step.Emit(new PeerEffect.Knock(session.Current));
        }
        else if (step.State.Pins.Count > 0 && step.State.Handshakes?.Restart is null)
        {
            StartWhenDue(step);
        }
    }

    internal static void Started(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Started started)
        {
            Fail(step, attempt);
            return;
        }

        attempt.Handshake = started.Handshake;
        attempt.Message1 = started.Message1;
        attempt.LocalIndex = started.LocalIndex;
        step.Emit(new PeerEffect.ListenHandshake(started.LocalIndex));
        Resend(step, attempt);
    }

    internal static void Message2(in PeerStep step, PeerCommand.Handshake2 command)
    {
        if (step.State.Handshakes?.Restart is { Handshake: { } handshake, Computing: null, Confirming: null } attempt
            && attempt.LocalIndex == command.Index && attempt.Failures < FinishFailuresMax)
        {
            var task = new HandshakeTask.Finish(handshake, command.Envelope);
            attempt.Computing = task;
            step.Emit(new PeerEffect.Compute(task));
        }
    }

    internal static void Finished(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Finished finished)
        {
            attempt.Failures++;     // nothing unauthenticated ends the attempt: the next resend grants new tries
            return;
        }

        attempt.Confirming = EpochState.Of(finished.Epoch, isInitiator: true, attempt.Suite, step.Now);
        attempt.ConfirmingSession = finished.Epoch.Session;
        attempt.Sends = 0;
        step.Emit(new PeerEffect.Listen(attempt.Confirming));
        step.Emit(new PeerEffect.Watch(attempt.Confirming));
        GreetingRules.Judge(step, finished.Greeting, attempt.Baseline);
        Resend(step, attempt);
    }

    /// <summary>Answers an opened message 1, unless policy or a bound says otherwise. Nothing is committed by it.</summary>
    internal static void Message1(in PeerStep step, PeerCommand.Handshake1 command)
    {
        var state = step.State;
        if (state.Suspended || state.PinOf(command.Remote) is not { } pin || !step.Limits.Suites.Contains(command.Suite))
        {
            command.Opened.Dispose();
            step.Report(PeerReport.SessionRefused, state.Suspended ? "the peer is suspended" : "pin or suite not allowed");
            return;
        }

        var handshakes = step.Handshakes;
        foreach (var half in handshakes.HalfOpen)
        {
            if (half.Message1Hash.Span.SequenceEqual(command.Message1Hash.Span))
            {
                command.Opened.Dispose();
                step.Emit(new PeerEffect.Transmit(half.Message2));
                return;
            }
        }

        foreach (var answering in handshakes.Answering)
        {
            if (answering.Message1Hash.Span.SequenceEqual(command.Message1Hash.Span))
            {
                command.Opened.Dispose();
                return;
            }
        }

        if (state.Sending is not null && step.Limits.Unchained == UnchainedHandshake.Refuse)
        {
            command.Opened.Dispose();
            step.Report(PeerReport.SessionRefused, "unchained handshake over a live session");
            return;
        }

        if (handshakes.Answering.Count >= AnsweringCountMax)
        {
            command.Opened.Dispose();
            return;
        }

        var task = new HandshakeTask.Answer(command.Opened, pin, GreetingRules.Make(state));
        handshakes.Answering.Add(new Answering(
            task, command.Suite, command.Local, command.Remote, command.Message1Hash, command.Source,
            state.Sending?.Id, step.Baseline()));
        step.Emit(new PeerEffect.Compute(task));
    }

    internal static void Answered(in PeerStep step, Answering answering, HandshakeResult result)
    {
        step.Handshakes.Answering.Remove(answering);
        if (result is not HandshakeResult.Answered answered)
        {
            return;
        }

        var halfOpen = step.Handshakes.HalfOpen;
        if (halfOpen.Count >= step.Limits.HalfOpenCountMax)
        {
            // One source makes room among its own first: others' handshakes are not its to push out.
            var victim = halfOpen.Find(half => half.Source == answering.Source) ?? halfOpen[0];
            halfOpen.Remove(victim);
            step.Emit(new PeerEffect.Forget(victim.Epoch));
        }

        var half = new HalfOpen
        {
            Epoch = EpochState.Of(answered.Epoch, isInitiator: false, answering.Suite, step.Now),
            Session = answered.Epoch.Session,
            Suite = answering.Suite,
            Local = answering.Local,
            Remote = answering.Remote,
            Message1Hash = answering.Message1Hash,
            Message2 = answered.Message2,
            Source = answering.Source,
            SendingAtStart = answering.SendingAtStart,
            Baseline = answering.Baseline,
            AnsweredAt = step.Now,
            ExpiresAt = step.Now.After(step.Limits.HandshakeTimeoutMillis),
        };
        halfOpen.Add(half);
        step.Emit(new PeerEffect.Listen(half.Epoch));
        step.Emit(new PeerEffect.Transmit(half.Message2));
    }

    /// <summary>The initiator's confirm opened: the session exists here from now on, and is answered by the same.</summary>
    internal static void Confirmed(in PeerStep step, HalfOpen half, in DeliveryGreeting greeting)
    {
        step.Handshakes.HalfOpen.Remove(half);
        step.Emit(new PeerEffect.HandshakeCompleted(half.Source));
        if (!step.State.IsPinned(half.Remote))
        {
            step.Emit(new PeerEffect.Forget(half.Epoch));
            step.Report(PeerReport.SessionRefused, "the pin is gone");
            return;
        }

        var unchained = step.State.Sending is { } live && live.Id == half.SendingAtStart;
        var session = Establish(step, half.Epoch, half.Session, half.Suite, half.Local, half.Remote, half.SendingAtStart);
        if (unchained)
        {
            step.Report(PeerReport.SessionUnchained, $"session {half.Session} over a live one");
            if (step.Limits.Unchained == UnchainedHandshake.Hold && !step.State.Held)
            {
                step.Record(new PeerEvent.Held());
            }
        }

        GreetingRules.Judge(step, greeting, half.Baseline);
        Answer(step, session.Current);
    }

    /// <summary>The peer used the keys of one's own attempt: it has committed, so this side does.</summary>
    internal static SessionState Commit(in PeerStep step, OwnAttempt attempt)
    {
        var epoch = attempt.Confirming!;
        step.Handshakes.Restart = null;
        attempt.Handshake?.Dispose();
        step.Emit(new PeerEffect.ForgetHandshake(attempt.LocalIndex));
        return Establish(
            step, epoch, attempt.ConfirmingSession, attempt.Suite, attempt.Local, attempt.Remote, attempt.SendingAtStart);
    }

    internal static void Answer(in PeerStep step, EpochState epoch) =>
        step.Seal(epoch, EnvelopeType.Confirm, new ConfirmPayload(GreetingRules.Make(step.State)).Encode());

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

    internal static void Tick(in PeerStep step)
    {
        if (step.State.Handshakes is { } handshakes)
        {
            for (var i = handshakes.HalfOpen.Count - 1; i >= 0; i--)
            {
                if (handshakes.HalfOpen[i].ExpiresAt.Value <= step.Now.Value)
                {
                    step.Emit(new PeerEffect.Forget(handshakes.HalfOpen[i].Epoch));
                    handshakes.HalfOpen.RemoveAt(i);
                }
            }

            if (handshakes.Restart is { } attempt)
            {
                if (step.Now.Value - attempt.StartedAt.Value >= step.Limits.HandshakeTimeoutMillis)
                {
                    Fail(step, attempt);
                }
                else if (attempt.ResendAt.Value <= step.Now.Value)
                {
                    Resend(step, attempt);
                }
            }
        }

        foreach (var session in step.State.Sessions.ToArray())
        {
            if (session.RetireAt.Value <= step.Now.Value)
            {
                Retire(step, session);
            }
        }
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
        }

        OutgoingRules.SendAgain(step);
        step.EmitSendingChanged();
    }

    /// <summary>A session known when the new handshake began is succeeded by it. Otherwise both sides started at once,
    /// and the one whose initiator has the lower fingerprint stays.</summary>
    private static bool Succeeds(SessionState? sending, SessionId? sendingAtStart, Fingerprint initiator) =>
        sending is null || sending.Id == sendingAtStart || initiator.CompareTo(sending.InitiatorFingerprint) <= 0;

    private static void Resend(in PeerStep step, OwnAttempt attempt)
    {
        attempt.Sends++;
        attempt.Failures = 0;
        attempt.ResendAt = step.Now.After(step.Jitter(step.Limits.HandshakeResendMillis << Math.Min(attempt.Sends - 1, 4)));
        if (attempt.Confirming is { } epoch)
        {
            Answer(step, epoch);
        }
        else if (attempt.Handshake is not null)
        {
            step.Emit(new PeerEffect.Transmit(attempt.Message1));
        }
    }

    private static void Fail(in PeerStep step, OwnAttempt attempt)
    {
        var state = step.State;
        DropAttempt(step, attempt);
        state.RestartFailures++;
        var wait = Math.Min(
            step.Limits.HandshakeBackoffMillisMax,
            step.Limits.HandshakeResendMillis << Math.Min(state.RestartFailures, 16));
        state.RestartAt = step.Now.After(step.Jitter(wait));
        step.Report(PeerReport.HandshakeFailed, $"no answer from {attempt.Remote}");
        step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.HandshakeTimedOut));
    }

    private static void DropAttempt(in PeerStep step, OwnAttempt attempt)
    {
        step.Handshakes.Restart = null;
        attempt.Handshake?.Dispose();
        if (attempt.Handshake is not null)
        {
            step.Emit(new PeerEffect.ForgetHandshake(attempt.LocalIndex));
        }

        if (attempt.Confirming is { } epoch)
        {
            step.Emit(new PeerEffect.Forget(epoch));
        }
    }

    /// <summary>A pin is going: what was begun with its key ends.</summary>
    internal static void AbandonHandshakesWith(in PeerStep step, Fingerprint remote)
    {
        if (step.State.Handshakes is not { } handshakes)
        {
            return;
        }

        handshakes.Answering.RemoveAll(answering => answering.Remote == remote);
        for (var i = handshakes.HalfOpen.Count - 1; i >= 0; i--)
        {
            if (handshakes.HalfOpen[i].Remote == remote)
            {
                step.Emit(new PeerEffect.Forget(handshakes.HalfOpen[i].Epoch));
                handshakes.HalfOpen.RemoveAt(i);
            }
        }

        if (handshakes.Restart is { } attempt && attempt.Remote == remote)
        {
            DropAttempt(step, attempt);
            step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.SessionMissing));
        }
    }

    private static void AbandonAll(in PeerStep step)
    {
        if (step.State.Handshakes is not { } handshakes)
        {
            return;
        }

        foreach (var half in handshakes.HalfOpen)
        {
            step.Emit(new PeerEffect.Forget(half.Epoch));
        }

        handshakes.HalfOpen.Clear();
        handshakes.Answering.Clear();
        if (handshakes.Restart is { } attempt)
        {
            DropAttempt(step, attempt);
            step.Emit(new PeerEffect.ConnectSettled(EngineErrorCode.SessionMissing));
        }

        foreach (var session in step.State.Sessions)
        {
            RekeyRules.Abandon(step, session);
        }
    }
}

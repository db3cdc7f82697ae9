using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The handshake of kind 1: the next epoch of the session that sends (PROTOCOL section 2, rules 1 to 5).</summary>
/// <remarks>Its messages travel as the plaintext of carrier records of the current epoch; an empty carrier says "settled".</remarks>
internal static partial class RekeyRules
{
    /// <summary>Starts an attempt, unless one is on its way. Its life is bounded: it is answered, superseded, or its time runs out.</summary>
    internal static void Start(in PeerStep step, SessionState session)
    {
        if (step.State.Handshakes?.Rekey is not null || session != step.State.Sending
            || step.State.PinOf(session.Remote) is not { } remote)
        {
            return;
        }

        if (IsLower(session))
        {
            DropHalfOpen(step);     // rule 5: the lower fingerprint's attempt is the one that counts
        }

        var task = new HandshakeTask.Start(session.Suite, session.Local, remote, RekeyBase.Of(session));
        step.Handshakes.Rekey = new OwnAttempt
        {
            Suite = session.Suite,
            Local = session.Local,
            Remote = session.Remote,
            Base = ((HandshakeTask.Start)task).Base,
            StartedAt = step.Now,
            SendingAtStart = session.Id,
            Baseline = step.Baseline(),
            Computing = task,
        };
        step.Emit(new PeerEffect.Compute(task));
    }

    /// <summary>Repeats what an attempt sent sooner than its growing waits say, but no more often than the first repetition.</summary>
    internal static void Hurry(in PeerStep step)
    {
        if (step.State.Handshakes?.Rekey is { Handshake: not null } attempt)
        {
            attempt.ResendAt = MonotonicMillis.Earlier(attempt.ResendAt, attempt.SentAt.After(step.Limits.HandshakeResendMillis));
        }
    }

    internal static void Started(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Started started || SessionOf(step, attempt) is not { } session)
        {
            (result as HandshakeResult.Started)?.Handshake.Dispose();
            DropAttempt(step);
            NextEpochWish.AttemptFailed(step);
            return;
        }

        attempt.Handshake = started.Handshake;
        attempt.Message1 = started.Message1;
        Resend(step, session, attempt);
    }

    internal static void Finished(in PeerStep step, OwnAttempt attempt, HandshakeResult result)
    {
        attempt.Computing = null;
        if (result is not HandshakeResult.Finished finished)
        {
            return;     // the attempt stays as it was; its time runs out by itself
        }

        if (SessionOf(step, attempt) is not { } session)
        {
            finished.Epoch.Secrets.Dispose();
            DropAttempt(step);
            return;
        }

        // Rule 1. A pending epoch is replaced by a later message 2.
        var replaced = session.Pending;
        step.Record(new PeerEvent.EpochPending(finished.Epoch));
        session.Pending!.AgeKnownAt = step.Now;
        if (replaced is not null)
        {
            step.Emit(new PeerEffect.Forget(replaced));
        }

        step.Emit(new PeerEffect.Listen(session.Pending));
        step.Emit(new PeerEffect.Watch(session.Pending));       // rule 4: any record, a volatile one too
        DropAttempt(step);
        session.ConfirmSends = 0;
        session.ConfirmSince = step.Now;
        session.ConfirmBaseline = attempt.Baseline;
        GreetingRules.Judge(step, finished.Greeting, attempt.Baseline);
        SendConfirm(step, session);
    }

    /// <summary>A carrier opened under an epoch of this session.</summary>
    internal static void Carried(in PeerStep step, SessionState session, EpochState under, ReadOnlyMemory<byte> message)
    {
        if (message.IsEmpty || !EnvelopeHeader.TryRead(message.Span, out var header, out _))
        {
            return;
        }

        if (session == step.State.Sending)
        {
            step.State.RekeyUnansweredSince = null;
        }

        switch (header.Type)
        {
            case EnvelopeType.Handshake1 when under == session.Current:
                Message1(step, session, message);
                break;
            case EnvelopeType.Handshake1 when under == session.Previous && !session.Current.IsInitiator:
                SessionRules.Answer(step, session.Current);      // rule 3: it was answered, and the answer was lost
                break;
            case EnvelopeType.Handshake2 when under == session.Current
                && step.Handshakes.Rekey is { Handshake: { } handshake, Computing: null } attempt:
                var task = new HandshakeTask.Finish(handshake, message);
                attempt.Computing = task;
                step.Emit(new PeerEffect.Compute(task));
                break;
            default:
                break;
        }
    }

    /// <summary>Rule 4: the peer used the pending epoch.</summary>
    internal static void Commit(in PeerStep step, SessionState session)
    {
        var (previous, pending) = (session.Previous, session.Pending!);
        step.Record(new PeerEvent.EpochCommitted(session.Id, pending.Number));
        session.PreviousDropAt = step.Now.After(step.Limits.PreviousKeptMillis);
        Turned(step, session, previous, pending: null);
        step.Seal(session.Current, EnvelopeType.RekeyCarrier, default);     // "settled": the peer may drop its previous epoch
    }

    /// <summary>Says "settled" in the session that sends. The peer keeps what that succeeded until it hears from this side in it, and
    /// this side may have nothing else to say for a day; said once more when this side's own half goes, since a notice can be lost.</summary>
    internal static void SayUsed(in PeerStep step)
    {
        if (step.State.Sending is { } session)
        {
            step.Seal(session.Current, EnvelopeType.RekeyCarrier, default);
        }
    }

    /// <summary>A session that sends has its pending epoch, if any, confirmed from now on.</summary>
    internal static void ResumeConfirming(SessionState session, MonotonicMillis now)
    {
        var confirms = session is { Pending: not null, Superseded: false };
        session.ConfirmResendAt = confirms ? now : MonotonicMillis.Never;
        session.ConfirmSince = confirms ? now : MonotonicMillis.Never;
    }

    /// <summary>A record that is not a confirm opened under the current epoch.</summary>
    internal static void PeerUses(in PeerStep step, SessionState session)
    {
        if (session.Previous is not null && session.PreviousDropAt == MonotonicMillis.Never)
        {
            session.PreviousDropAt = step.Now.After(step.Limits.PreviousKeptMillis);
        }
    }

    internal static void Tick(in PeerStep step)
    {
        foreach (var session in step.State.Sessions)
        {
            if (session.PreviousDropAt.Value <= step.Now.Value && session.Previous is { } previous)
            {
                step.Record(new PeerEvent.PreviousEpochDropped(session.Id, previous.Number));
                session.PreviousDropAt = MonotonicMillis.Never;
                step.Emit(new PeerEffect.Forget(previous));
                if (session.Current.IsInitiator && session == step.State.Sending)
                {
                    SayUsed(step);
                }
            }

            if (session.Pending is not null && session.ConfirmResendAt.Value <= step.Now.Value)
            {
                SendConfirm(step, session);
                if (step.Now.Value - session.ConfirmSince.Value >= step.Limits.HandshakeTimeoutMillis)
                {
                    // The peer has lost its half, or is away: only a new message 2 replaces the pending epoch. A process that does not
                    // live for long has to come to this, too.
                    session.ConfirmSince = step.Now;
                    Start(step, session);
                }
            }
        }

        if (step.State.Handshakes is { HalfOpenRekey: { } half } && half.ExpiresAt.Value <= step.Now.Value)
        {
            DropHalfOpen(step);
        }

        if (step.State.Handshakes?.Rekey is { } attempt)
        {
            if (SessionOf(step, attempt) is not { } session)
            {
                DropAttempt(step);
            }
            else if (step.Now.Value - attempt.StartedAt.Value >= step.Limits.UnansweredRekeyMillis)
            {
                DropAttempt(step);
                NextEpochWish.AttemptFailed(step);
            }
            else if (attempt.ResendAt.Value <= step.Now.Value)
            {
                Resend(step, session, attempt);
            }
        }
    }

    /// <summary>A session sends no more or is gone: its rekey in progress means nothing now.</summary>
    internal static void Abandon(in PeerStep step, SessionState session)
    {
        if (step.State.Handshakes is not { } handshakes)
        {
            return;
        }

        if (handshakes.Rekey?.SendingAtStart == session.Id)
        {
            DropAttempt(step);
        }

        if (handshakes.HalfOpenRekey?.Session == session.Id)
        {
            DropHalfOpen(step);
        }

        if (handshakes.AnsweringRekey?.SendingAtStart == session.Id)
        {
            handshakes.AnsweringRekey = null;
        }
    }

    private static void Turned(in PeerStep step, SessionState session, EpochState? previous, EpochState? pending)
    {
        if (previous is not null)
        {
            step.Emit(new PeerEffect.Forget(previous));
        }

        if (pending is not null)
        {
            step.Emit(new PeerEffect.Forget(pending));
        }

        session.ConfirmResendAt = MonotonicMillis.Never;
        session.ConfirmSince = MonotonicMillis.Never;
        Abandon(step, session);
        NextEpochWish.Fulfilled(step.State);
        step.Report(PeerReport.Rekeyed, $"session {session.Id} epoch {session.Current.Number.Value}");
        if (session == step.State.Sending)
        {
            step.State.NothingIsUnanswered();
            OutgoingRules.SendAgain(step);
            step.EmitSendingChanged();
        }
    }

    private static void Resend(in PeerStep step, SessionState session, OwnAttempt attempt)
    {
        if (attempt.Handshake is null)
        {
            return;
        }

        attempt.Sends++;
        attempt.SentAt = step.Now;
        attempt.ResendAt = NextSend(step, attempt.Sends);
        step.State.RekeyUnansweredSince ??= step.Now;
        step.Seal(session.Current, EnvelopeType.RekeyCarrier, attempt.Message1);
    }

    private static void SendConfirm(in PeerStep step, SessionState session)
    {
        session.ConfirmSends++;
        session.ConfirmResendAt = NextSend(step, session.ConfirmSends);
        step.State.RekeyUnansweredSince ??= step.Now;
        SessionRules.Answer(step, session.Pending!);
    }

    private static MonotonicMillis NextSend(in PeerStep step, int sends) =>
        step.Now.After(step.Jitter(Math.Min(
            step.Limits.HandshakeBackoffMillisMax, step.Limits.HandshakeResendMillis << Math.Min(sends - 1, 16))));

    private static SessionState? SessionOf(in PeerStep step, OwnAttempt attempt) =>
        step.State.Sending is { } session && session.Id == attempt.Base!.Session
        && session.Current.Number == attempt.Base.Epoch ? session : null;

    private static void DropAttempt(in PeerStep step)
    {
        step.Handshakes.Rekey?.Handshake?.Dispose();
        step.Handshakes.Rekey = null;
    }
}

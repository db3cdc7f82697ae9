using System.Security.Cryptography;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <content>The side that answers, and what a side does when both have started (rules 2, 3 and 5).</content>
internal static partial class RekeyRules
{
    internal static void Answered(in PeerStep step, Answering answering, HandshakeResult result)
    {
        var handshakes = step.Handshakes;
        if (handshakes.AnsweringRekey != answering)
        {
            (result as HandshakeResult.Answered)?.Epoch.Secrets.Dispose();     // overtaken by a newer one, or by rule 5
            return;
        }

        handshakes.AnsweringRekey = null;
        var basis = ((HandshakeTask.AnswerRekey)answering.Task).Base;
        if (result is not HandshakeResult.Answered answered)
        {
            return;
        }

        if (step.State.Sessions.Find(one => one.Id == basis.Session) is not { } session
            || session.Current.Number != basis.Epoch)
        {
            answered.Epoch.Secrets.Dispose();
            return;
        }

        DropHalfOpen(step);     // rule 2: a newer message 1 replaces it
        handshakes.HalfOpenRekey = new HalfOpen
        {
            Epoch = EpochState.Of(answered.Epoch, isInitiator: false, session.Suite, step.Now),
            Session = session.Id,
            Suite = session.Suite,
            Local = session.Local,
            Remote = session.Remote,
            Message1Hash = answering.Message1Hash,
            Message2 = answered.Message2,
            Source = string.Empty,
            SendingAtStart = session.Id,
            Baseline = answering.Baseline,
            AnsweredAt = step.Now,
            ExpiresAt = step.Now.After(step.Limits.UnansweredRekeyMillis),
        };
        step.Emit(new PeerEffect.Listen(handshakes.HalfOpenRekey.Epoch));
        step.Seal(session.Current, EnvelopeType.RekeyCarrier, answered.Message2);
    }

    /// <summary>Rule 3: the confirm opened, so the peer holds the new epoch.</summary>
    internal static void Confirmed(in PeerStep step, HalfOpen half, in DeliveryGreeting greeting)
    {
        var state = step.State;
        step.Handshakes.HalfOpenRekey = null;
        if (state.Sessions.Find(one => one.Id == half.Session) is not { } session)
        {
            step.Emit(new PeerEffect.Forget(half.Epoch));
            return;
        }

        var (previous, pending) = (session.Previous, session.Pending);
        step.Record(new PeerEvent.EpochAccepted(half.Epoch.ToNew(session.Id)));
        session.Current = half.Epoch;
        Reservations.Keep(step, half.Epoch);
        Turned(step, session, previous, pending);
        GreetingRules.Judge(step, greeting, half.Baseline);
        SessionRules.Answer(step, session.Current);
        step.Emit(new PeerEffect.Watch(session.Current));
    }

    private static void Message1(in PeerStep step, SessionState session, ReadOnlyMemory<byte> message)
    {
        if (!NextEpochWish.CanRekey(step, session))
        {
            // The keys of this session gave way to newer ones. The peer cannot know that, and asks for ever: it gets a session with those.
            NextEpochWish.Ask(step, session.Current.LocalIndex);
            return;
        }

        var handshakes = step.Handshakes;
        if (IsLower(session))
        {
            if (handshakes.Rekey is not null || session.Pending is not null)
            {
                Insist(step, session);
                return;     // rule 5
            }
        }
        else if (handshakes.Rekey is not null)
        {
            DropAttempt(step);      // rule 5; a pending epoch stays
        }

        var hash = SHA256.HashData(message.Span);
        if (handshakes.HalfOpenRekey is { } half && half.Message1Hash.Span.SequenceEqual(hash))
        {
            step.Seal(session.Current, EnvelopeType.RekeyCarrier, half.Message2);
            return;
        }

        if (handshakes.AnsweringRekey is { } computing && computing.Message1Hash.Span.SequenceEqual(hash))
        {
            return;
        }

        if (step.State.PinOf(session.Remote) is not { } remote)
        {
            return;
        }

        var task = new HandshakeTask.AnswerRekey(
            message, session.Suite, session.Local, remote, RekeyBase.Of(session), GreetingRules.Make(step.State));
        handshakes.AnsweringRekey = new Answering(
            task, session.Suite, session.Local, session.Remote, hash, string.Empty, session.Id, step.Baseline());
        step.Emit(new PeerEffect.Compute(task));
    }

    /// <summary>The peer asks for what this side has asked for, so it has not heard of that, or has lost its half: it hears of it
    /// now, not when the next repetition is due. A pending epoch that goes unanswered is replaced.</summary>
    private static void Insist(in PeerStep step, SessionState session)
    {
        if (step.Handshakes.Rekey is not null)
        {
            Hurry(step);
        }
        else if (step.Now.Value - session.ConfirmSince.Value >= step.Limits.HandshakeResendMillis)
        {
            Start(step, session);
        }
    }

    private static bool IsLower(SessionState session) => session.Local.CompareTo(session.Remote) < 0;

    private static void DropHalfOpen(in PeerStep step)
    {
        step.Handshakes.AnsweringRekey = null;
        if (step.Handshakes.HalfOpenRekey is { } half)
        {
            step.Handshakes.HalfOpenRekey = null;
            step.Emit(new PeerEffect.Forget(half.Epoch));
        }
    }
}

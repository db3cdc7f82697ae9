using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <content>The side that answers: message 1, its answer, and the confirm.</content>
internal static partial class SessionRules
{
    /// <summary>Answers an opened message 1, unless policy or a bound says otherwise. Nothing is committed by it.</summary>
    internal static void Message1(in PeerStep step, PeerCommand.Handshake1 command)
    {
        var state = step.State;
        if (state.Suspended || state.PinOf(command.Remote) is not { } pin || !step.Limits.Suites.Contains(command.Suite))
        {
            command.Opened.Dispose();
            step.Report(
                PeerReport.SessionRefused,
                state.Suspended ? "the peer is suspended" : state.IsPinned(command.Remote) ? $"its policy does not allow suite {command.Suite}" : "its document is not pinned");
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
}

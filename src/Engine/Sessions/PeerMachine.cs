using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>The rules of one peer: handshakes, rekeys, delivery. Pure: no I/O, no clock, no random source of its own.</summary>
/// <remarks>
/// One writer calls <see cref="Decide"/> for each command and <see cref="Settle"/> once after the last command of a batch.
/// Facts are applied as they are decided; their effects are performed once they are durable. Whatever a peer sent, no
/// method throws.
/// </remarks>
internal sealed class PeerMachine(PeerState state, PeerContext context)
{
    internal PeerState State { get; } = state;

    /// <summary>Gets when <see cref="PeerCommand.Tick"/> is due; never when nothing waits.</summary>
    internal MonotonicMillis Deadline { get; private set; } = MonotonicMillis.Never;

    /// <summary>Decides one command.</summary>
    internal PeerReply Decide(PeerCommand command, in StepInput input, StepOutput output)
    {
        var step = new PeerStep(State, context, input, output);
        if (!State.Exists && command is not PeerCommand.Add)
        {
            Discard(command);
            return PeerReply.Refused(EngineErrorCode.PeerUnknown);
        }

        switch (command)
        {
            case PeerCommand.Send send:
                return OutgoingRules.Send(step, send);
            case PeerCommand.Record record:
                Opened(step, record);
                return PeerReply.Done;
            case PeerCommand.Handled handled:
                return IncomingRules.Handled(step, handled);
            case PeerCommand.Failed failed:
                return IncomingRules.Failed(step, failed);
            case PeerCommand.RetrySetAside retry:
                return IncomingRules.RetrySetAside(step, retry);
            case PeerCommand.DropSetAside drop:
                return IncomingRules.DropSetAside(step, drop);
            case PeerCommand.Reserve reserve:
                Reservations.Make(step, reserve);
                return PeerReply.Done;
            case PeerCommand.Connect connect:
                return SessionRules.Connect(step, connect);
            case PeerCommand.Rekey:
                return NextEpochWish.Ask(step);
            case PeerCommand.Unheard unheard:
                SessionRules.Unheard(step, unheard.Index);
                return PeerReply.Done;
            case PeerCommand.RekeyDue due:
                NextEpochWish.Ask(step, due.Index);
                return PeerReply.Done;
            case PeerCommand.AwaitNextEpoch wait:
                return NextEpochWish.Await(step, wait.Index);
            case PeerCommand.Handshake1 message:
                SessionRules.Message1(step, message);
                return PeerReply.Done;
            case PeerCommand.Handshake2 message:
                SessionRules.Message2(step, message);
                return PeerReply.Done;
            case PeerCommand.HandshakeComputed computed:
                Computed(step, computed);
                return PeerReply.Done;
            case PeerCommand.Knock:
                SessionRules.Knock(step);
                return PeerReply.Done;
            case PeerCommand.Tick:
                Tick(step);
                return PeerReply.Done;
            default:
                return PeerAdministration.Decide(step, command);
        }
    }

    /// <summary>Ends a batch: acknowledges what it accepted, sends what may be sent, and finds the next deadline.</summary>
    internal void Settle(in StepInput input, StepOutput output)
    {
        if (!State.Exists)
        {
            Deadline = MonotonicMillis.Never;
            return;
        }

        var step = new PeerStep(State, context, input, output);
        IncomingRules.Acknowledge(step);
        OutgoingRules.Pump(step);
        if (WantsSession)
        {
            SessionRules.StartWhenDue(step);
        }

        if (State.Handshakes is { IsEmpty: true })
        {
            State.Handshakes = null;
        }

        Deadline = PeerDeadlines.Next(State, step);
    }

    /// <summary>Takes up a peer that was read from the store: what was measured by this process's clock starts anew.</summary>
    /// <param name="input">The moment.</param>
    /// <param name="output">Receives what is to be done.</param>
    /// <param name="acknowledges">Whether the owner before may have ended without telling the peer what it had accepted. A peer that left memory in
    /// order owes nothing, and one whose acknowledgement was lost sends again.</param>
    internal void Loaded(in StepInput input, StepOutput output, bool acknowledges = true)
    {
        foreach (var session in State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                epoch.AgeKnownAt = input.Now;
                output.Effects.Add(new PeerEffect.Listen(epoch));
            }

            // Whether the peer was seen in the newer epoch or session is not stored: unless this side's own commit says so,
            // it may still seal in the older one, which therefore stays until the peer is seen again.
            session.PreviousDropAt = session is { Previous: not null, Current.IsInitiator: true }
                ? input.Now.After(context.Limits.PreviousKeptMillis) : MonotonicMillis.Never;
            session.RetireAt = MonotonicMillis.Never;
            RekeyRules.ResumeConfirming(session, input.Now);
            session.AwaitsUse = session is { Superseded: true, IsInitiator: false } && State.Sending is { } sending
                && State.Sessions.IndexOf(session) > State.Sessions.IndexOf(sending);
            session.SendingAtStart = State.Sending?.Id;
            // Seen used, a session retires what it succeeded, takes over, or shows that the peer may have lost the one that sends.
            output.Effects.Add(new PeerEffect.Watch(session.Current));
            if (session.Pending is not null)
            {
                output.Effects.Add(new PeerEffect.Watch(session.Pending));
            }

            // The confirm's answer under way may be to one that was sent when less was known than now.
            session.ConfirmBaseline = default;
        }

        State.DoubtUnproved(input.Now);
        State.Incoming.FindWaiting();
        State.Incoming.AcknowledgementOwed = acknowledges && !State.Incoming.Id.IsZero;
        OutgoingRules.FindNextExpiry(State);
        if (State.Sending is not null)
        {
            output.Effects.Add(new PeerEffect.SendingChanged());
        }

        if (State.Incoming.UnhandledCount > 0)
        {
            output.Effects.Add(new PeerEffect.InboxReady());
        }
    }

    private bool WantsSession =>
        State.Sending is null && State.Outgoing.Count > 0 && !State.Suspended && State.Pins.Count > 0
        && State.Handshakes?.Restart is null;

    /// <summary>Erases what a command holds that will not be decided.</summary>
    internal static void Discard(PeerCommand command)
    {
        switch (command)
        {
            case PeerCommand.Handshake1 message:
                message.Opened.Dispose();
                break;
            case PeerCommand.HandshakeComputed { Result: HandshakeResult.Started started }:
                started.Handshake.Dispose();
                break;
            case PeerCommand.HandshakeComputed { Result: HandshakeResult.Finished finished }:
                finished.Epoch.Secrets.Dispose();
                break;
            case PeerCommand.HandshakeComputed { Result: HandshakeResult.Answered answered }:
                answered.Epoch.Secrets.Dispose();
                break;
            default:
                break;
        }
    }

    private static void Computed(in PeerStep step, PeerCommand.HandshakeComputed computed)
    {
        var handshakes = step.Handshakes;
        switch (computed.Task)
        {
            case HandshakeTask.Start task when ReferenceEquals(handshakes.Restart?.Computing, task):
                SessionRules.Started(step, handshakes.Restart!, computed.Result);
                break;
            case HandshakeTask.Start task when ReferenceEquals(handshakes.Rekey?.Computing, task):
                RekeyRules.Started(step, handshakes.Rekey!, computed.Result);
                break;
            case HandshakeTask.Finish task when ReferenceEquals(handshakes.Restart?.Computing, task):
                SessionRules.Finished(step, handshakes.Restart!, computed.Result);
                break;
            case HandshakeTask.Finish task when ReferenceEquals(handshakes.Rekey?.Computing, task):
                RekeyRules.Finished(step, handshakes.Rekey!, computed.Result);
                break;
            case HandshakeTask.Answer task when handshakes.Answering.Find(one => ReferenceEquals(one.Task, task)) is { } answering:
                SessionRules.Answered(step, answering, computed.Result);
                break;
            case HandshakeTask.AnswerRekey when handshakes.AnsweringRekey is { } answering
                && ReferenceEquals(answering.Task, computed.Task):
                RekeyRules.Answered(step, answering, computed.Result);
                break;
            default:
                Discard(computed);      // what asked for it is gone
                break;
        }
    }

    private static void Opened(in PeerStep step, PeerCommand.Record record)
    {
        var confirm = default(ConfirmPayload);
        if (record.Type == EnvelopeType.Confirm && !ConfirmPayload.TryRead(record.Plaintext.Span, out confirm, out _))
        {
            return;
        }

        var greeting = confirm.Greeting;

        if (step.State.Handshakes is { } handshakes)
        {
            if (handshakes.HalfOpen.Find(half => half.Epoch.LocalIndex == record.Index) is { } half)
            {
                if (record.Type == EnvelopeType.Confirm)
                {
                    SessionRules.Confirmed(step, half, greeting);
                }

                return;
            }

            if (handshakes.HalfOpenRekey is { } rekey && rekey.Epoch.LocalIndex == record.Index)
            {
                if (record.Type == EnvelopeType.Confirm)
                {
                    RekeyRules.Confirmed(step, rekey, greeting);
                }

                return;
            }

            if (handshakes.Restart is { Confirming: { } epoch } attempt && epoch.LocalIndex == record.Index)
            {
                if (!step.State.IsPinned(attempt.Remote))
                {
                    return;     // the pin was removed, or gave way to a newer one, while this went on
                }

                var baseline = attempt.Baseline;
                var established = SessionRules.Commit(step, attempt);
                InSession(step, established, established.Current, record, greeting, baseline);
                step.Seal(established.Current, EnvelopeType.RekeyCarrier, default);     // "settled"
                return;
            }
        }

        foreach (var session in step.State.Sessions)
        {
            foreach (var epoch in session.Epochs)
            {
                if (epoch.LocalIndex == record.Index)
                {
                    var baseline = session.ConfirmBaseline;
                    if (epoch == session.Pending)
                    {
                        RekeyRules.Commit(step, session);
                    }

                    InSession(step, session, epoch, record, greeting, baseline);
                    return;
                }
            }
        }
    }

    private static void InSession(
        in PeerStep step, SessionState session, EpochState epoch, PeerCommand.Record record,
        in DeliveryGreeting greeting, in GreetingBaseline baseline)
    {
        if (record.Type == EnvelopeType.Confirm)
        {
            if (epoch.IsInitiator)
            {
                Answered(step, session);
                if (epoch == session.Current && session.Pending is null)
                {
                    // The baseline is that of the newest confirm: an older epoch's answer that comes late says nothing against it.
                    GreetingRules.Judge(step, greeting, baseline);
                }
            }
            else if (epoch == session.Current)
            {
                SessionRules.Answer(step, epoch);       // it was answered, and the answer was lost
            }

            return;
        }

        SessionRules.PeerUses(step, session);
        if (epoch == session.Current)
        {
            RekeyRules.PeerUses(step, session);
        }

        switch (record.Type)
        {
            case EnvelopeType.Message when DeliveryMessage.TryRead(record.Plaintext.Span, out var message, out _):
                IncomingRules.Received(step, message, record.Plaintext[DeliveryMessage.HeadSize..]);
                break;
            case EnvelopeType.Acknowledge when Acknowledgement.TryRead(record.Plaintext.Span, out var acknowledgement, out _):
                Answered(step, session);
                OutgoingRules.Acknowledged(step, acknowledgement);
                break;
            case EnvelopeType.RekeyCarrier:
                RekeyRules.Carried(step, session, epoch, record.Plaintext);
                break;
            case EnvelopeType.Close:
                SessionRules.Retire(step, session);
                step.Report(PeerReport.SessionClosed, $"session {session.Id} by the peer");
                break;
            default:
                break;      // data and notices are not this machine's
        }
    }

    /// <summary>What answers in the session that sends shows that the peer has it. What answers in another shows nothing of the kind:
    /// counted as well, it would hide for ever that the peer has lost the one that sends.</summary>
    private static void Answered(in PeerStep step, SessionState session)
    {
        if (session == step.State.Sending)
        {
            step.State.NothingIsUnanswered();
        }
    }

    private static void Tick(in PeerStep step)
    {
        SessionRules.Tick(step);
        RekeyRules.Tick(step);
        NextEpochWish.Tick(step);
        OutgoingRules.Tick(step);
        if (step.State.UnansweredSince is { } since && step.State.Sending is not null
            && step.Now.Value - since.Value >= step.State.RestartAfterMillis(step.Limits) && step.State.Handshakes?.Restart is null)
        {
            SessionRules.StartWhenDue(step);
        }
    }
}

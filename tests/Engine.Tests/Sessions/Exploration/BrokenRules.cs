using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Rules broken on purpose, each as a change of what a machine is given or has decided.</summary>
internal static class BrokenRules
{
    /// <summary>The simplest rekey: the initiator turns to the next epoch as soon as it has it.</summary>
    internal sealed class InitiatorCommitsAtMessage2 : BrokenRule
    {
        internal override string Name => "the initiator commits at message 2";

        internal override void After(Side side, StepOutput output)
        {
            if (output.Events.Find(fact => fact is PeerEvent.EpochPending) is PeerEvent.EpochPending pending)
            {
                var committed = new PeerEvent.EpochCommitted(pending.Epoch.Session, pending.Epoch.Number);
                PeerFacts.Apply(side.State, committed);
                output.Events.Add(committed);
            }
        }
    }

    /// <summary>The initiator keeps its state at n but seals under the pending epoch.</summary>
    internal sealed class InitiatorSealsUnderPending : BrokenRule
    {
        internal override string Name => "the initiator seals under its pending epoch";

        internal override void After(Side side, StepOutput output) => Reseal(
            output, seal => side.State.Sessions.Find(session => session.Current == seal.Epoch)?.Pending);
    }

    /// <summary>The responder accepts the next epoch and goes on under the previous one.</summary>
    internal sealed class ResponderKeepsSealingUnderPrevious : BrokenRule
    {
        internal override string Name => "the responder keeps sealing under the previous epoch";

        internal override void After(Side side, StepOutput output) => Reseal(
            output, seal => side.State.Sessions.Find(session =>
                session.Current == seal.Epoch && !session.Current.IsInitiator)?.Previous);
    }

    /// <summary>The responder drops the previous epoch as soon as it accepts the next.</summary>
    internal sealed class ResponderDropsPreviousAtOnce : BrokenRule
    {
        internal override string Name => "the responder drops the previous epoch at once";

        internal override void After(Side side, StepOutput output)
        {
            if (output.Events.Find(fact => fact is PeerEvent.EpochAccepted) is PeerEvent.EpochAccepted accepted)
            {
                var session = side.State.Sessions.Find(one => one.Id == accepted.Epoch.Session)!;
                var previous = session.Previous!;
                var dropped = new PeerEvent.PreviousEpochDropped(session.Id, previous.Number);
                PeerFacts.Apply(side.State, dropped);
                output.Events.Add(dropped);
                output.Effects.Add(new PeerEffect.Forget(previous));
            }
        }
    }

    internal sealed class PendingEpochIsNotJournaled : BrokenRule
    {
        internal override string Name => "the pending epoch is not journalled";

        internal override bool IsJournaled(PeerEvent fact) => fact is not (PeerEvent.EpochPending or PeerEvent.EpochCommitted);
    }

    internal sealed class AcknowledgesBeforeFlush : BrokenRule
    {
        internal override string Name => "acknowledgements leave before the flush";

        internal override bool IsEarly(SideEffect effect) => effect is SideEffect.Send { Packet.Type: EnvelopeType.Acknowledge };
    }

    internal sealed class SendsBeforeFlush : BrokenRule
    {
        internal override string Name => "messages leave before the flush";

        internal override bool IsEarly(SideEffect effect) => effect is SideEffect.Send { Packet.Type: EnvelopeType.Message };
    }

    internal sealed class ConfirmsBeforeFlush : BrokenRule
    {
        internal override string Name => "confirms leave before the flush";

        internal override bool IsEarly(SideEffect effect) => effect is SideEffect.Send { Packet.Type: EnvelopeType.Confirm };
    }

    /// <summary>The receiver of a message, or of an acknowledgement, takes any chain for the one it expects.</summary>
    internal sealed class ChainIsNotChecked : BrokenRule
    {
        internal override string Name => "chains are not checked";

        internal override PeerCommand Before(Side side, PeerCommand command)
        {
            var state = side.State;
            return command switch
            {
                PeerCommand.Record { Type: EnvelopeType.Message } record
                    when MessageRecord.TryParse(record.Plaintext, out var message) && message.Number == state.Incoming.Expected
                        && state.Incoming.ChainBelow is { } below => record with { Plaintext = (message with { Chain = below }).Encode() },
                PeerCommand.Record { Type: EnvelopeType.Acknowledge } record
                    when Acknowledgement.TryRead(record.Plaintext.Span, out var one, out _)
                        && one.Number + 1 >= state.Outgoing.LowestUnacknowledged && one.Number < state.Outgoing.Next
                    => record with { Plaintext = (one with { Chain = state.Outgoing.ChainBefore(one.Number + 1) }).Encode() },
                _ => command,
            };
        }
    }

    /// <summary>Messages that came early count as the next ones.</summary>
    internal sealed class GapsAreAccepted : BrokenRule
    {
        internal override string Name => "gaps are accepted";

        internal override PeerCommand Before(Side side, PeerCommand command) =>
            command is PeerCommand.Record { Type: EnvelopeType.Message } record
            && MessageRecord.TryParse(record.Plaintext, out var message) && message.Number > side.State.Incoming.Expected
            && side.State.Incoming.ChainBelow is { } below
                ? record with { Plaintext = (message with { Number = side.State.Incoming.Expected, Chain = below }).Encode() }
                : command;
    }

    /// <summary>Rule 5 without its first half: the lower fingerprint answers although it has begun itself.</summary>
    internal sealed class LowerAnswersToo : BrokenRule
    {
        internal override string Name => "both start, and the lower fingerprint answers too";

        internal override PeerCommand Before(Side side, PeerCommand command)
        {
            // The machine is shown no attempt of its own, as if it had forgotten to look.
            if (command is PeerCommand.Record { Type: EnvelopeType.RekeyCarrier, Plaintext: { IsEmpty: false } carried }
                && SymbolicSecrets.TypeOf(carried.Span) == EnvelopeType.Handshake1
                && side.State.Sending is { Pending: { } pending } session
                && session.Local.CompareTo(session.Remote) < 0)
            {
                session.Pending = null;
                side.Listening.Remove((pending.LocalIndex, SymbolicSecrets.KeyOf(pending.Secrets)));
            }

            return command;
        }
    }

    /// <summary>A responder of kind 0 commits when it answers message 1, before anything is confirmed.</summary>
    internal sealed class ResponderCommitsAtMessage1 : BrokenRule
    {
        internal override string Name => "the responder commits a session at message 1";

        internal override void After(Side side, StepOutput output)
        {
            if (side.State.Handshakes is { HalfOpen: [var half, ..] } handshakes)
            {
                handshakes.HalfOpen.RemoveAt(0);
                var epoch = new NewEpoch(
                    half.Session, half.Epoch.Number, half.Epoch.HandshakeHash, half.Epoch.Secrets,
                    half.Epoch.LocalIndex, half.Epoch.RemoteIndex);
                var established = new PeerEvent.SessionEstablished(epoch, false, half.Suite, half.Local, half.Remote, Sends: true);
                PeerFacts.Apply(side.State, established);
                output.Events.Add(established);
            }
        }
    }

    /// <summary>The responder turns to a new session at its confirm, over one that works (the rule before the explorer).</summary>
    internal sealed class ResponderSendsAtConfirm : BrokenRule
    {
        internal override string Name => "the responder turns to a new session before it is used";

        internal override void After(Side side, StepOutput output)
        {
            if (side.State.Sessions.Find(session => session.AwaitsUse) is { } awaiting)
            {
                awaiting.AwaitsUse = false;
                var preferred = new PeerEvent.SessionPreferred(awaiting.Id);
                PeerFacts.Apply(side.State, preferred);
                output.Events.Add(preferred);
            }
        }
    }

    /// <summary>Streams that were left are met as new ones.</summary>
    internal sealed class RetiredStreamsAreAdopted : BrokenRule
    {
        internal override string Name => "retired streams are adopted";

        internal override PeerCommand Before(Side side, PeerCommand command)
        {
            side.State.Incoming.Retired.Clear();
            return command;
        }
    }

    /// <summary>A stream that a message names is taken up at once, without a greeting that tells it to be the newer one (the rule before decision 0016).</summary>
    internal sealed class RecordsAreBelieved : BrokenRule
    {
        internal override string Name => "streams are adopted by messages";

        internal override PeerCommand Before(Side side, PeerCommand command)
        {
            if (command is PeerCommand.Record { Type: EnvelopeType.Message } record && MessageRecord.TryParse(record.Plaintext, out var message)
                && message.Stream != side.State.Incoming.Id && !side.State.Incoming.IsRetired(message.Stream))
            {
                var adopted = new PeerEvent.IncomingAdopted(message.Stream, message.LowestUnacknowledged);
                PeerFacts.Apply(side.State, adopted);
                side.Durable.Add(adopted);
            }

            return command;
        }
    }

    internal static IReadOnlyList<(BrokenRule Rule, Scenario Scenario)> All { get; } =
    [
        (new InitiatorCommitsAtMessage2(), Scenarios.All["rekey, one side starts"]),
        (new InitiatorSealsUnderPending(), Scenarios.All["rekeys and messages"]),
        (new ResponderKeepsSealingUnderPrevious(), Scenarios.All["rekey, then time passes"]),
        (new ResponderDropsPreviousAtOnce(), Scenarios.All["rekeys and messages"]),
        (new PendingEpochIsNotJournaled(), Scenarios.All["rekey, one side starts"]),
        (new AcknowledgesBeforeFlush(), Scenarios.All["delivery, crashes"]),
        (new SendsBeforeFlush(), Scenarios.All["delivery, crashes"]),
        (new ConfirmsBeforeFlush(), Scenarios.All["rekey, one side starts"]),
        (new ChainIsNotChecked(), Scenarios.All["delivery, sender rolled back unnoticed"]),
        (new GapsAreAccepted(), Scenarios.All["delivery"]),
        (new LowerAnswersToo(), Scenarios.All["rekey, both start"]),
        (new ResponderCommitsAtMessage1(), Scenarios.All["handshake, one side starts"]),
        (new ResponderSendsAtConfirm(), Scenarios.All["new session over a live one"]),
        (new RetiredStreamsAreAdopted(), Scenarios.All["delivery, sender rolled back unnoticed to before a new stream"]),
        (new RecordsAreBelieved(), Scenarios.All["delivery, one new stream overtakes another"]),
    ];

    private static void Reseal(StepOutput output, Func<PeerEffect.Seal, EpochState?> under)
    {
        for (var i = 0; i < output.Effects.Count; i++)
        {
            if (output.Effects[i] is PeerEffect.Seal { Type: EnvelopeType.Message or EnvelopeType.Acknowledge } seal
                && under(seal) is { } epoch)
            {
                output.Effects[i] = seal with { Epoch = epoch };
            }
        }
    }
}

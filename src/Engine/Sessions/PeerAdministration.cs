using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>Decides what operators ask of a peer.</summary>
internal static class PeerAdministration
{
    /// <summary>Pins side by side: the one in use, and the one that replaces it.</summary>
    internal const int PinCountMax = 2;

    internal static PeerReply Decide(in PeerStep step, PeerCommand command)
    {
        var state = step.State;
        switch (command)
        {
            case PeerCommand.Add add:
                if (state.Exists)
                {
                    return PeerReply.Refused(EngineErrorCode.PeerExists);
                }

                step.Record(new PeerEvent.Added(
                    add.Pin, add.Policy, StreamId.Draw(step.Entropy), add.Addresses, add.Generation));
                return PeerReply.Done;
            case PeerCommand.Forget:
                SessionRules.DropAll(step, tell: true);
                step.Record(new PeerEvent.Forgotten());
                return PeerReply.Done;
            case PeerCommand.AddPin add:
                return AddPin(step, add.Pin);
            case PeerCommand.RemovePin remove:
                return RemovePin(step, remove.Fingerprint);
            case PeerCommand.SetAddresses set:
                step.Record(new PeerEvent.AddressesSet(set.Addresses));
                state.RestartAt = default;
                return PeerReply.Done;
            case PeerCommand.ChangePolicy change:
                step.Record(new PeerEvent.PolicyChanged(change.Policy));
                return PeerReply.Done;
            case PeerCommand.Suspend:
                SessionRules.DropAll(step, tell: false);
                step.Record(new PeerEvent.Suspended());
                return PeerReply.Done;
            case PeerCommand.Resume:
                step.Record(new PeerEvent.Resumed());
                state.RestartAt = default;
                return PeerReply.Done;
            case PeerCommand.Release:
                step.Record(new PeerEvent.Released());
                return PeerReply.Done;
            case PeerCommand.Close:
                SessionRules.DropAll(step, tell: true);
                return PeerReply.Done;
            case PeerCommand.NotePerformed note:
                step.Record(new PeerEvent.OperationPerformed(note.Operation));
                return PeerReply.Done;
            case PeerCommand.ResetStream reset:
                // A stream that stands is left where it stands: nothing better could be taken up, and what was accepted would come again.
                Reset(step, reset.Outgoing, reset.Incoming && state.Incoming.Stopped is not null);
                return PeerReply.Done;
            case PeerCommand.Restored restored:
                SessionRules.DropAll(step, tell: false);
                Reset(step, outgoing: true, incoming: true);
                step.Record(new PeerEvent.GenerationSet(restored.Generation));
                return PeerReply.Done;
            default:
                throw Invariant.Violated($"no rule decides {command.GetType().Name}");
        }
    }

    private static PeerReply AddPin(in PeerStep step, Pin pin)
    {
        var state = step.State;
        if (state.IsPinned(pin.Fingerprint))
        {
            return PeerReply.Refused(EngineErrorCode.PeerExists);
        }

        if (state.Pins.Count >= PinCountMax)
        {
            return PeerReply.Refused(EngineErrorCode.PolicyForbids);
        }

        step.Record(new PeerEvent.PinAdded(pin));
        return PeerReply.Done;
    }

    private static PeerReply RemovePin(in PeerStep step, Fingerprint fingerprint)
    {
        var state = step.State;
        if (!state.IsPinned(fingerprint))
        {
            return PeerReply.Refused(EngineErrorCode.PeerUnknown);
        }

        foreach (var session in state.Sessions.ToArray())
        {
            if (session.Remote == fingerprint)
            {
                SessionRules.Retire(step, session);
            }
        }

        SessionRules.AbandonHandshakesWith(step, fingerprint);
        step.Record(new PeerEvent.PinRemoved(fingerprint));
        return PeerReply.Done;
    }

    private static void Reset(in PeerStep step, bool outgoing, bool incoming)
    {
        if (outgoing)
        {
            step.Record(new PeerEvent.OutgoingReset(StreamId.Draw(step.Entropy)));
            OutgoingRules.SendAgain(step);
        }

        if (incoming)
        {
            step.Record(new PeerEvent.IncomingReset());
        }
    }
}

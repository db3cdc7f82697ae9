using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>Compares what both sides know of the two streams when a handshake brings them together (PROTOCOL section 5).</summary>
internal static class GreetingRules
{
    /// <summary>Tells the peer where this side stands.</summary>
    internal static DeliveryGreeting Make(PeerState state)
    {
        var outgoing = state.Outgoing;
        var incoming = state.Incoming;
        return new DeliveryGreeting(
            outgoing.Id, outgoing.LowestUnacknowledged, outgoing.Next,
            incoming.Id, incoming.Id.IsZero ? 0 : incoming.Expected, incoming.ChainBelow ?? default);
    }

    /// <summary>Judges the peer's greeting against what was known when the message it answers was made.</summary>
    internal static void Judge(in PeerStep step, in DeliveryGreeting greeting, in GreetingBaseline baseline)
    {
        JudgeItsStream(step, greeting, baseline);
        JudgeItsKnowledgeOfOurs(step, greeting, baseline);
    }

    private static void JudgeItsStream(in PeerStep step, in DeliveryGreeting greeting, in GreetingBaseline baseline)
    {
        var known = step.State.Incoming;
        if (greeting.MyStream.IsZero)
        {
            return;
        }

        // Nothing else was learned of the peer's streams since this side's message was made: the greeting, made after that, is the last word. Otherwise
        // it may have been overtaken by what was learned meanwhile, and of two streams nothing else tells which is the newer.
        var isLastWord = baseline.IncomingTurn == known.Turn;
        if (greeting.MyStream != known.Id)
        {
            if (isLastWord && known.IsRetired(greeting.MyStream))
            {
                IncomingRules.Stop(step, StopReason.PeerStoreRolledBack);
            }
            else if (isLastWord)
            {
                IncomingRules.Adopt(step, greeting.MyStream, greeting.LowestUnacknowledged);
            }
        }
        else if (known.Stopped is null)
        {
            if (greeting.LowestUnacknowledged > known.Expected)
            {
                IncomingRules.Stop(step, StopReason.OwnStoreRolledBack);
            }
            else if (isLastWord && greeting.Next < baseline.Expected)
            {
                IncomingRules.Stop(step, StopReason.PeerStoreRolledBack);
            }
        }
    }

    private static void JudgeItsKnowledgeOfOurs(in PeerStep step, in DeliveryGreeting greeting, in GreetingBaseline baseline)
    {
        var own = step.State.Outgoing;
        if (own.Stopped is not null)
        {
            return;
        }

        if (greeting.YourStream.IsZero || own.Retired.Contains(greeting.YourStream))
        {
            if (greeting.YourStream.IsZero && baseline.Outgoing == own.Id && baseline.LowestUnacknowledged > 1)
            {
                step.Report(PeerReport.PeerStateLost, "the peer no longer knows what it had acknowledged");
            }

            return;     // it will adopt the stream where it stands
        }

        if (greeting.YourStream != own.Id && !baseline.WasAcknowledged)
        {
            // This side's state was made anew: a fresh store, or a peer that was removed and added again. The peer adopts the
            // stream it has never met. Were this an older copy instead, from before a reset, the peer knows its stream as
            // retired: it stops, and takes nothing of it.
            return;
        }

        if (greeting.YourStream != own.Id || greeting.NextExpected > own.Next)
        {
            OutgoingRules.Stop(step, StopReason.OwnStoreRolledBack);
        }
        else if (baseline.Outgoing == own.Id && greeting.NextExpected < baseline.LowestUnacknowledged)
        {
            OutgoingRules.Stop(step, StopReason.PeerStoreRolledBack);
        }
        else if (greeting.NextExpected >= own.LowestUnacknowledged && !greeting.Chain.IsZero)
        {
            OutgoingRules.AdvanceTo(step, greeting.NextExpected - 1, greeting.Chain);
        }
    }
}

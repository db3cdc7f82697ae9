using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>Decides what happens to the peer's durable messages.</summary>
internal static class IncomingRules
{
    internal static void Received(in PeerStep step, in DeliveryMessage message, ReadOnlyMemory<byte> payload)
    {
        var stream = step.State.Incoming;
        if (message.Stream != stream.Id)
        {
            // A record tells nothing of when it was sealed: it may be of a stream the peer has left, or from before its store went back in time. A
            // greeting does. What a retired stream still has under way is late; for any other the next greeting is asked for.
            if (!stream.IsRetired(message.Stream))
            {
                NextEpochWish.AskForGreeting(step);
            }

            return;
        }

        if (stream.Stopped is not null)
        {
            return;
        }

        if (message.LowestUnacknowledged > stream.Expected)
        {
            Stop(step, StopReason.OwnStoreRolledBack);
        }
        else if (message.Number < stream.Expected)
        {
            stream.AcknowledgementOwed = true;
        }
        else if (message.Number > stream.Expected)
        {
            KeepEarly(step, message.Number, new EarlyMessage(message.Chain, message.Flags, payload, step.Now));
        }
        else
        {
            Accept(step, message.Number, new EarlyMessage(message.Chain, message.Flags, payload, step.Now));
            AcceptWaiting(step);
        }
    }

    /// <summary>Takes up a stream not known before, at the first number the peer still holds.</summary>
    internal static void Adopt(in PeerStep step, StreamId id, ulong lowestUnacknowledged)
    {
        var known = step.State.Incoming.Id;
        step.Record(new PeerEvent.IncomingAdopted(id, lowestUnacknowledged));
        if (!known.IsZero)
        {
            step.Report(PeerReport.PeerStateLost, $"the peer started stream {id}; it had {known}");
        }
        else
        {
            step.Report(PeerReport.StreamAdopted, $"stream {id} from number {lowestUnacknowledged}");
        }
    }

    internal static void Stop(in PeerStep step, StopReason reason)
    {
        if (step.State.Incoming.Stopped is null)
        {
            step.Record(new PeerEvent.IncomingStopped(reason));
            step.Report(PeerReport.StreamStopped, $"incoming {step.State.Incoming.Id}: {reason}");
        }
    }

    internal static PeerReply Handled(in PeerStep step, PeerCommand.Handled command)
    {
        if (step.State.Incoming.Find(command.Stream, command.Number) is null)
        {
            return PeerReply.Refused(EngineErrorCode.MessageUnknown);
        }

        step.Record(new PeerEvent.MessageHandled(command.Stream, command.Number));
        return PeerReply.Done;
    }

    /// <summary>A handler gave up on a message: it is handed out again, or set aside when that has happened too often.</summary>
    internal static PeerReply Failed(in PeerStep step, PeerCommand.Failed command)
    {
        if (step.State.Incoming.Find(command.Stream, command.Number) is not { } node || node.Value.SetAside)
        {
            return PeerReply.Refused(EngineErrorCode.MessageUnknown);
        }

        var setAside = node.Value.Failures + 1 >= step.Limits.HandlerAttemptsMax;
        step.Record(new PeerEvent.MessageFailed(command.Stream, command.Number, setAside));
        if (setAside)
        {
            step.Report(PeerReport.MessageSetAside, $"number {command.Number} of stream {command.Stream}");
        }

        step.Emit(new PeerEffect.InboxReady());
        return PeerReply.Done;
    }

    internal static PeerReply RetrySetAside(in PeerStep step, PeerCommand.RetrySetAside command)
    {
        if (step.State.Incoming.Find(command.Stream, command.Number) is not { Value.SetAside: true })
        {
            return PeerReply.Refused(EngineErrorCode.MessageUnknown);
        }

        step.Record(new PeerEvent.MessageRetried(command.Stream, command.Number));
        step.Emit(new PeerEffect.InboxReady());
        return PeerReply.Done;
    }

    internal static PeerReply DropSetAside(in PeerStep step, PeerCommand.DropSetAside command)
    {
        if (step.State.Incoming.Find(command.Stream, command.Number) is not { Value.SetAside: true })
        {
            return PeerReply.Refused(EngineErrorCode.MessageUnknown);
        }

        step.Record(new PeerEvent.MessageDropped(command.Stream, command.Number));
        return PeerReply.Done;
    }

    /// <summary>Tells the peer how far acceptance has come, once for all that a batch accepted.</summary>
    internal static void Acknowledge(in PeerStep step)
    {
        var stream = step.State.Incoming;
        if (!stream.AcknowledgementOwed || step.State.Sending is not { } session || stream.Stopped is not null)
        {
            return;
        }

        stream.AcknowledgementOwed = false;
        if (stream.ChainBelow is { } chain)
        {
            step.Seal(session.Current, EnvelopeType.Acknowledge,
                new Acknowledgement(stream.Id, stream.Expected - 1, chain).Encode());
        }
    }

    private static void KeepEarly(in PeerStep step, ulong number, in EarlyMessage message)
    {
        var stream = step.State.Incoming;
        if (number - stream.Expected > (ulong)step.Limits.EarlyCountMax)
        {
            return;
        }

        stream.Early ??= [];
        if (!stream.Early.TryGetValue(number, out var before) || !before.IsVoid)
        {
            stream.Early[number] = message;     // the newest copy counts, but what its sender has voided stays void
        }
    }

    private static void Accept(in PeerStep step, ulong number, in EarlyMessage message)
    {
        var stream = step.State.Incoming;
        if (stream.ChainBelow is { } expected && expected != message.ChainBelow)
        {
            Stop(step, StopReason.HistoriesDiffer);
            return;
        }

        var isVoid = message.IsVoid;
        var waiting = number <= stream.WaitsThrough ? stream.Find(stream.Id, number)?.Value : null;
        if (!isVoid && waiting is null && (stream.Unhandled.Count >= step.Limits.InboxCountMax
            || stream.PayloadBytes + message.Payload.Length > step.Limits.InboxBytesMax))
        {
            // No room: the peer sends again, later and later. It is told what was accepted, or it would take the silence for a lost session.
            stream.AcknowledgementOwed = true;
            return;
        }

        if (waiting is not null)
        {
            step.Record(new PeerEvent.MessageHandled(stream.Id, number));       // its place is taken: two under one id would be one too many
        }

        step.Record(new PeerEvent.MessageAccepted(number, message.ChainBelow, message.Flags, message.Payload));
        stream.AcknowledgementOwed = true;
        if (!isVoid && waiting is { HandedOut: true })
        {
            stream.Unhandled.Last!.Value.HandedOut = true;      // whoever has it settles this one
        }
        else if (!isVoid)
        {
            step.Emit(new PeerEffect.InboxReady());
        }

        if (message.Flags == (MessageFlags.Chunk | MessageFlags.ChunkEnd) && message.Payload.Length == TransferId.Size)
        {
            step.Emit(new PeerEffect.TransferAborted(TransferId.Read(message.Payload.Span)));
        }
    }

    private static void AcceptWaiting(in PeerStep step)
    {
        var stream = step.State.Incoming;
        // What is refused leaves the expected number as it is, and with it no message that waits for its turn. What came long ago has been sent
        // again since, or comes once the peer is heard again; it may have expired meanwhile, and only the peer knows.
        while (stream.Early is { } early && early.Remove(stream.Expected, out var next)
            && step.Now.Value - next.CameAt.Value <= step.Limits.EarlyKeptMillis)
        {
            Accept(step, stream.Expected, next);
        }

        if (stream.Early is { Count: 0 })
        {
            stream.Early = null;
        }
    }
}

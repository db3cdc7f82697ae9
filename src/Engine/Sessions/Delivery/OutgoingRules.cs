using System.Security.Cryptography;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>Decides what happens to durable messages on their way to the peer.</summary>
internal static class OutgoingRules
{
    /// <summary>What goes out again after a silence: enough to fill a hole, little when nothing was lost and the answer is only late.
    /// The acknowledgement tells which, and the window grows from there.</summary>
    private const int ProbeCount = 16;

    internal static PeerReply Send(in PeerStep step, PeerCommand.Send command)
    {
        var stream = step.State.Outgoing;
        if (step.State.Suspended)
        {
            return PeerReply.Refused(EngineErrorCode.PeerSuspended);
        }

        if (command.Payload.Length > step.Limits.PayloadBytesMax)
        {
            return PeerReply.Refused(EngineErrorCode.PayloadTooLarge);
        }

        if (command.IsRepeatable && stream.Knows(command.Operation, out var known))
        {
            return new PeerReply(null, known);
        }

        if (stream.Count >= step.Limits.OutboxCountMax
            || stream.PayloadBytes + command.Payload.Length > step.Limits.OutboxBytesMax)
        {
            return PeerReply.Refused(EngineErrorCode.OutboxFull);
        }

        var number = stream.Next;
        var expiresAt = ExpiryOf(step, command);
        step.Record(new PeerEvent.MessageQueued(command.Operation, command.Flags, expiresAt, command.Payload));
        if (expiresAt is { } expiry && (step.State.NextExpiry is not { } next || expiry.Value < next.Value))
        {
            step.State.NextExpiry = expiry;
        }

        return new PeerReply(null, number);
    }

    /// <summary>Takes a cumulative acknowledgement. Beyond what was numbered, or with another chain, one store went back. One of a stream that is not known
    /// may be from before this side knew the peer; the greeting that is asked for tells.</summary>
    internal static void Acknowledged(in PeerStep step, in Acknowledgement record)
    {
        var stream = step.State.Outgoing;
        if (stream.Stopped is not null || stream.Retired.Contains(record.Stream))
        {
            return;
        }

        if (record.Stream != stream.Id)
        {
            NextEpochWish.AskForGreeting(step);
            return;
        }

        if (record.Number >= stream.Next)
        {
            Stop(step, StopReason.OwnStoreRolledBack);
            return;
        }

        AdvanceTo(step, record.Number, record.Chain);
    }

    /// <summary>Moves the outbox on to what the peer has accepted, if its chain is the one sent.</summary>
    internal static void AdvanceTo(in PeerStep step, ulong accepted, ChainValue chain)
    {
        var stream = step.State.Outgoing;
        if (accepted + 1 < stream.LowestUnacknowledged)
        {
            return;     // an old acknowledgement that was overtaken
        }

        if (chain != stream.ChainBefore(accepted + 1))
        {
            Stop(step, StopReason.HistoriesDiffer);
            return;
        }

        if (accepted < stream.LowestUnacknowledged)
        {
            return;
        }

        var count = (int)(accepted + 1 - stream.LowestUnacknowledged);
        step.Record(new PeerEvent.Acknowledged(accepted));
        stream.UnansweredSince = null;
        stream.Window = Math.Min(step.Limits.InFlightCountMax, stream.Window + count);
        stream.Timer.Acknowledged(accepted, step.Now, step.Limits);
        stream.ResendAt = stream.SentThrough >= stream.LowestUnacknowledged
            ? step.Now.After(stream.Timer.WaitMillis(step.Limits))
            : MonotonicMillis.Never;
        step.Emit(new PeerEffect.OutboxAdvanced(accepted, count));
    }

    internal static void Stop(in PeerStep step, StopReason reason)
    {
        if (step.State.Outgoing.Stopped is null)
        {
            step.Record(new PeerEvent.OutgoingStopped(reason));
            step.Report(PeerReport.StreamStopped, $"outgoing {step.State.Outgoing.Id}: {reason}");
        }
    }

    /// <summary>A session or epoch was chosen anew: what is in flight in an older one may never arrive.</summary>
    internal static void SendAgain(in PeerStep step)
    {
        step.State.Outgoing.SendAgain(step.Limits.InFlightCountMax);
    }

    /// <summary>Seals what may be in flight and is not. The one place that sends messages.</summary>
    internal static void Pump(in PeerStep step)
    {
        var state = step.State;
        var stream = state.Outgoing;
        if (state.Sending is not { } session || state.Held || state.Suspended || stream.Stopped is not null
            || NextEpochWish.IsPastHardAge(step, session.Current))
        {
            return;
        }

        if (state.NextExpiry is { } expiry && expiry.Value <= step.Wall.Value)
        {
            Expire(step);       // found on load, or by a clock that was set: before anything goes out, not at the next tick
        }

        if (stream.Window == 0 && stream.Count > 0)
        {
            stream.Window = step.Limits.InFlightCountMax;
        }

        var end = Math.Min(stream.Next, stream.LowestUnacknowledged + (ulong)stream.Window);
        for (var number = stream.SentThrough + 1; number < end; number++)
        {
            var message = stream[number];
            step.Seal(session.Current, EnvelopeType.Message, new DeliveryMessage(
                stream.Id, number, stream.LowestUnacknowledged, stream.ChainBefore(number), message.Flags, message.Payload.Span).Encode());
            stream.SentThrough = number;
            stream.Timer.Sent(number, step.Now);
            stream.UnansweredSince ??= step.Now;
            if (stream.ResendAt == MonotonicMillis.Never)
            {
                stream.ResendAt = step.Now.After(step.Jitter(stream.Timer.WaitMillis(step.Limits)));
            }
        }
    }

    /// <summary>Strikes messages whose time has come, and sends again what went unanswered.</summary>
    internal static void Tick(in PeerStep step)
    {
        var stream = step.State.Outgoing;
        if (step.State.NextExpiry is { } expiry && expiry.Value <= step.Wall.Value)
        {
            Expire(step);
        }

        if (stream.ResendAt.Value > step.Now.Value)
        {
            return;
        }

        stream.Timer.Expired();
        stream.SentThrough = stream.LowestUnacknowledged - 1;
        stream.Window = Math.Min(ProbeCount, step.Limits.InFlightCountMax);
        stream.ResendAt = MonotonicMillis.Never;     // what goes out again says when it is repeated; where nothing may, nothing waits
    }

    /// <summary>Finds the earliest expiry again, after the outbox was loaded or messages expired.</summary>
    internal static void FindNextExpiry(PeerState state)
    {
        state.NextExpiry = null;
        for (var number = state.Outgoing.LowestUnacknowledged; number < state.Outgoing.Next; number++)
        {
            var message = state.Outgoing[number];
            if (!message.IsVoid && message.ExpiresAt is { } expiry
                && (state.NextExpiry is not { } next || expiry.Value < next.Value))
            {
                state.NextExpiry = expiry;
            }
        }
    }

    internal static ReadOnlyMemory<byte> DigestOf(ReadOnlyMemory<byte> payload) => SHA256.HashData(payload.Span);

    /// <summary>Finds when a message expires: as its sender says, else as the peer's frozen policy does.</summary>
    private static UnixMillis? ExpiryOf(in PeerStep step, PeerCommand.Send command)
    {
        if (command.ExpiresAt is { } given)
        {
            return given == PeerCommand.Send.Never ? null : given;
        }

        var wait = step.Limits.MessageExpiryMillis;
        return wait == 0 ? null : new UnixMillis(step.Wall.Value + wait);
    }

    private static void Expire(in PeerStep step)
    {
        var stream = step.State.Outgoing;
        for (var number = stream.LowestUnacknowledged; number < stream.Next; number++)
        {
            var message = stream[number];
            if (!message.IsVoid && message.ExpiresAt is { } expiry && expiry.Value <= step.Wall.Value)
            {
                step.Record(new PeerEvent.MessageExpired(number));
                step.Emit(new PeerEffect.Expired(message.Operation, number));
                step.Report(PeerReport.MessageExpired, $"number {number} of stream {stream.Id}", message.Operation);
            }
        }

        FindNextExpiry(step.State);
    }
}

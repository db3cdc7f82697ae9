using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>What must hold in every world. Each answers with what is broken, or <see langword="null"/>.</summary>
internal static class Promises
{
    /// <summary>Checks a record as it leaves: the other side can open it, and it tells only what is durable.</summary>
    internal static string? OnSend(World world, Side side, Packet packet)
    {
        var other = world.Other(side);
        if (packet is { IsPayload: true, IsLate: false } && !other.Opens(packet.Index, packet.Key) && !other.Excused.Contains(packet.Key))
        {
            return $"{side.Name} seals {packet}, which {other.Name} cannot open";
        }

        if (packet.Type == EnvelopeType.Acknowledge && Acknowledgement.TryRead(packet.Bytes.Span, out var record, out _))
        {
            var durable = Side.Fold(side.Durable).Incoming;
            if (durable.Id == record.Stream && durable.Expected <= record.Number)
            {
                return $"{side.Name} acknowledges {record.Number}, of which only what is below {durable.Expected} is durable";
            }
        }

        if (packet.Type == EnvelopeType.Message && MessageRecord.TryParse(packet.Bytes, out var message))
        {
            var durable = Side.Fold(side.Durable).Outgoing;
            if (durable.Id == message.Stream && durable.Next <= message.Number)
            {
                return $"{side.Name} sends message {message.Number} before it is durable";
            }
        }

        return null;
    }

    /// <summary>Checks what both stores say: order, no duplicate, and that what was acknowledged was accepted.</summary>
    internal static string? InStores(World world) =>
        world.Violation ?? Delivered(world, world.A, world.B) ?? Delivered(world, world.B, world.A)
        ?? Stopped(world, world.A, world.B) ?? Stopped(world, world.B, world.A) ?? Tables(world.A) ?? Tables(world.B);

    /// <summary>A direction stops only when a store went back in time. Whoever removed a peer forgot what it had told it, which looks the same.</summary>
    private static string? Stopped(World world, Side sender, Side receiver)
    {
        if (world.HasRolledBack(sender) || world.HasRolledBack(receiver))
        {
            return null;
        }

        var forgot = HasRemoved(receiver);
        return sender.State.Outgoing.Stopped is { } outgoing && !(forgot && outgoing == StopReason.PeerStoreRolledBack)
            ? $"{sender.Name} stopped sending, though no store went back in time: {outgoing}"
            : receiver.State.Incoming.Stopped is { } incoming && !(forgot && incoming == StopReason.OwnStoreRolledBack)
                ? $"{receiver.Name} stopped accepting, though no store went back in time: {incoming}" : null;
    }

    private static bool HasRemoved(Side side) => side.Durable.Exists(fact => fact is PeerEvent.Forgotten);

    private static string? Delivered(World world, Side sender, Side receiver)
    {
        var accepted = Accepted(receiver);
        // A stream that was started anew carries over what was not acknowledged, accepted or not. A sender that went back may not know that it did.
        var startedAnew = sender.Durable.Exists(fact => fact is PeerEvent.OutgoingReset)
            || (world.HasRolledBack(sender) && receiver.Durable.FindAll(fact => fact is PeerEvent.IncomingAdopted).Count > 1);
        var forgot = HasRemoved(receiver) || HasRemoved(sender);
        for (var i = 1; i < accepted.Count && !startedAnew && !forgot; i++)
        {
            if (accepted[i] <= accepted[i - 1])
            {
                return $"{receiver.Name} accepted {sender.Name}{accepted[i]} after {sender.Name}{accepted[i - 1]}";
            }
        }

        if (TwiceInOneStream(receiver) is { } number)
        {
            return $"{receiver.Name} accepted number {number} of one stream twice";
        }

        var queued = new List<int>();
        var acknowledged = 0;
        foreach (var fact in sender.Durable)
        {
            if (fact is PeerEvent.MessageQueued { Payload: var payload })
            {
                queued.Add(payload.Span[0]);
            }
            else if (fact is PeerEvent.Acknowledged { Through: var through })
            {
                acknowledged = (int)through;
            }
        }

        if (startedAnew || forgot || world.HasRolledBack(receiver))
        {
            return null;
        }

        for (var i = 0; i < acknowledged; i++)
        {
            if (!accepted.Contains(queued[i]) && !sender.Durable.Exists(fact => fact is PeerEvent.MessageExpired))
            {
                return $"{sender.Name}{queued[i]} counts as acknowledged and was never accepted";
            }
        }

        return null;
    }

    /// <summary>What is listened for is exactly what the machine can open.</summary>
    internal static string? Tables(Side side)
    {
        if (side.Unflushed.Count > 0)
        {
            return null;
        }

        var state = side.State;
        var held = state.Sessions.SelectMany(session => session.Epochs)
            .Concat(state.Handshakes?.HalfOpen.Select(half => half.Epoch) ?? [])
            .Concat(state.Handshakes?.HalfOpenRekey is { } rekey ? [rekey.Epoch] : [])
            .Concat(state.Handshakes?.Restart?.Confirming is { } confirming ? [confirming] : [])
            .Select(epoch => epoch.LocalIndex).Order(Comparer<ReceiverIndex>.Create((x, y) => x.Value.CompareTo(y.Value)));
        var listened = side.Listening.Select(one => one.Index)
            .Order(Comparer<ReceiverIndex>.Create((x, y) => x.Value.CompareTo(y.Value)));
        var attempt = state.Handshakes?.Restart is { Handshake: not null } restart ? [restart.LocalIndex] : Array.Empty<ReceiverIndex>();
        return held.SequenceEqual(listened) && side.ListeningHandshakes.SequenceEqual(attempt)
            ? null
            : $"{side.Name} listens for {side.Listening.Count} epochs and {side.ListeningHandshakes.Count} answers, and holds {held.Count()} and {attempt.Length}";
    }

    private static ulong? TwiceInOneStream(Side side)
    {
        var seen = new HashSet<(StreamId, ulong)>();
        var stream = default(StreamId);
        foreach (var fact in side.Durable)
        {
            if (fact is PeerEvent.IncomingAdopted adopted)
            {
                stream = adopted.Stream;
            }
            else if (fact is PeerEvent.IncomingReset or PeerEvent.Forgotten)
            {
                seen.Clear();       // an operator asked for it
            }
            else if (fact is PeerEvent.MessageAccepted accepted && !seen.Add((stream, accepted.Number)))
            {
                return accepted.Number;
            }
        }

        return null;
    }

    private static List<int> Accepted(Side side)
    {
        var accepted = new List<int>();
        foreach (var fact in side.Durable)
        {
            if (fact is PeerEvent.MessageAccepted { Flags: var flags, Payload: var payload } && (flags & MessageFlags.Void) == 0)
            {
                accepted.Add(payload.Span[0]);
            }
        }

        return accepted;
    }
}

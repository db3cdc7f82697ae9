using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Storage;

/// <summary>The bytes of a peer's facts in a journal record (docs/formats/events.md). A kind is never reused.</summary>
internal static class EventCodec
{
    internal static void Write(StateWriter writer, PeerEvent fact)
    {
        switch (fact)
        {
            case PeerEvent.Added e:
                writer.Byte(1);
                WritePin(writer, e.Pin);
                WritePolicy(writer, e.Policy);
                e.Outgoing.Write(writer.Take(16));
                WriteTexts(writer, e.Addresses);
                writer.UInt32(e.Generation);
                break;
            case PeerEvent.Forgotten:
                writer.Byte(2);
                break;
            case PeerEvent.PinAdded e:
                writer.Byte(3);
                WritePin(writer, e.Pin);
                break;
            case PeerEvent.PinProved e:
                writer.Byte(4);
                writer.Fixed(e.Fingerprint.Bytes);
                break;
            case PeerEvent.PinRemoved e:
                writer.Byte(5);
                writer.Fixed(e.Fingerprint.Bytes);
                break;
            case PeerEvent.AddressesSet e:
                writer.Byte(6);
                WriteTexts(writer, e.Addresses);
                break;
            case PeerEvent.PolicyChanged e:
                writer.Byte(7);
                WritePolicy(writer, e.Policy);
                break;
            case PeerEvent.Suspended:
                writer.Byte(8);
                break;
            case PeerEvent.Resumed:
                writer.Byte(9);
                break;
            case PeerEvent.Held:
                writer.Byte(10);
                break;
            case PeerEvent.Released:
                writer.Byte(11);
                break;
            case PeerEvent.SessionEstablished e:
                writer.Byte(12);
                EpochCodec.WriteNew(writer, e.Epoch);
                writer.Flag(e.IsInitiator);
                writer.UInt16((int)e.Suite);
                writer.Fixed(e.Local.Bytes);
                writer.Fixed(e.Remote.Bytes);
                writer.Flag(e.Sends);
                break;
            case PeerEvent.EpochPending e:
                writer.Byte(13);
                EpochCodec.WriteNew(writer, e.Epoch);
                break;
            case PeerEvent.EpochCommitted e:
                writer.Byte(14);
                e.Session.Write(writer.Take(16));
                writer.UInt32(e.Number.Value);
                break;
            case PeerEvent.EpochAccepted e:
                writer.Byte(15);
                EpochCodec.WriteNew(writer, e.Epoch);
                break;
            case PeerEvent.PreviousEpochDropped e:
                writer.Byte(16);
                e.Session.Write(writer.Take(16));
                writer.UInt32(e.Number.Value);
                break;
            case PeerEvent.SessionRetired e:
                writer.Byte(17);
                e.Session.Write(writer.Take(16));
                break;
            case PeerEvent.SessionsDropped:
                writer.Byte(18);
                break;
            case PeerEvent.ReservationMade e:
                writer.Byte(19);
                writer.UInt64(e.Index.Value);
                e.Incarnation.Write(writer.Take(16));
                writer.UInt64(e.Through);
                break;
            case PeerEvent.MessageQueued e:
                writer.Byte(20);
                WriteGuid(writer, e.Operation);
                writer.Byte((byte)e.Flags);
                writer.Int64(e.ExpiresAt?.Value ?? 0);
                writer.Bytes(e.Payload.Span);
                break;
            case PeerEvent.Acknowledged e:
                writer.Byte(21);
                writer.UInt64(e.Through);
                break;
            case PeerEvent.MessageExpired e:
                writer.Byte(22);
                writer.UInt64(e.Number);
                break;
            case PeerEvent.OutgoingStopped e:
                writer.Byte(23);
                writer.Byte((byte)e.Reason);
                break;
            case PeerEvent.OutgoingReset e:
                writer.Byte(24);
                e.Stream.Write(writer.Take(16));
                break;
            case PeerEvent.IncomingAdopted e:
                writer.Byte(25);
                e.Stream.Write(writer.Take(16));
                writer.UInt64(e.Expected);
                break;
            case PeerEvent.MessageAccepted e:
                writer.Byte(26);
                writer.UInt64(e.Number);
                e.ChainBelow.Write(writer.Take(16));
                writer.Byte((byte)e.Flags);
                writer.Bytes(e.Payload.Span);
                break;
            case PeerEvent.IncomingStopped e:
                writer.Byte(27);
                writer.Byte((byte)e.Reason);
                break;
            case PeerEvent.IncomingReset:
                writer.Byte(28);
                break;
            case PeerEvent.MessageHandled e:
                WriteMessage(writer, 29, e.Stream, e.Number);
                break;
            case PeerEvent.MessageFailed e:
                WriteMessage(writer, 30, e.Stream, e.Number);
                writer.Flag(e.SetAside);
                break;
            case PeerEvent.MessageRetried e:
                WriteMessage(writer, 31, e.Stream, e.Number);
                break;
            case PeerEvent.MessageDropped e:
                WriteMessage(writer, 32, e.Stream, e.Number);
                break;
            case PeerEvent.GenerationSet e:
                writer.Byte(33);
                writer.UInt32(e.Generation);
                break;
            case PeerEvent.SessionPreferred e:
                writer.Byte(34);
                e.Session.Write(writer.Take(16));
                break;
            case PeerEvent.OperationPerformed e:
                writer.Byte(40);
                WriteGuid(writer, e.Operation);
                break;
            default:
                throw Invariant.Violated($"no encoding for {fact.GetType().Name}");
        }
    }

    /// <summary>Reads one fact. Payloads are copied: the source may be reused.</summary>
    /// <exception cref="StateFormatException">The bytes are not of this version.</exception>
    internal static PeerEvent Read(ref StateReader reader) => reader.Byte() switch
    {
        1 => new PeerEvent.Added(
            ReadPin(ref reader), ReadPolicy(ref reader), StreamId.Read(reader.Fixed(16).Span), ReadTexts(ref reader), reader.UInt32()),
        2 => new PeerEvent.Forgotten(),
        3 => new PeerEvent.PinAdded(ReadPin(ref reader)),
        4 => new PeerEvent.PinProved(ReadFingerprint(ref reader)),
        5 => new PeerEvent.PinRemoved(ReadFingerprint(ref reader)),
        6 => new PeerEvent.AddressesSet(ReadTexts(ref reader)),
        7 => new PeerEvent.PolicyChanged(ReadPolicy(ref reader)),
        8 => new PeerEvent.Suspended(),
        9 => new PeerEvent.Resumed(),
        10 => new PeerEvent.Held(),
        11 => new PeerEvent.Released(),
        12 => new PeerEvent.SessionEstablished(
            EpochCodec.ReadNew(ref reader), reader.Flag(), StateReader.OneOf<Suite>(reader.UInt16()),
            ReadFingerprint(ref reader), ReadFingerprint(ref reader), reader.Flag()),
        13 => new PeerEvent.EpochPending(EpochCodec.ReadNew(ref reader)),
        14 => new PeerEvent.EpochCommitted(SessionId.Read(reader.Fixed(16).Span), new Epoch(reader.UInt32())),
        15 => new PeerEvent.EpochAccepted(EpochCodec.ReadNew(ref reader)),
        16 => new PeerEvent.PreviousEpochDropped(SessionId.Read(reader.Fixed(16).Span), new Epoch(reader.UInt32())),
        17 => new PeerEvent.SessionRetired(SessionId.Read(reader.Fixed(16).Span)),
        18 => new PeerEvent.SessionsDropped(),
        19 => new PeerEvent.ReservationMade(
            new ReceiverIndex(reader.UInt64()), Incarnation.Read(reader.Fixed(16).Span), reader.UInt64()),
        20 => new PeerEvent.MessageQueued(
            ReadGuid(ref reader), (MessageFlags)reader.Byte(), ReadExpiry(ref reader), reader.Bytes().ToArray()),
        21 => new PeerEvent.Acknowledged(reader.UInt64()),
        22 => new PeerEvent.MessageExpired(reader.UInt64()),
        23 => new PeerEvent.OutgoingStopped(StateReader.OneOf<StopReason>(reader.Byte())),
        24 => new PeerEvent.OutgoingReset(StreamId.Read(reader.Fixed(16).Span)),
        25 => new PeerEvent.IncomingAdopted(StreamId.Read(reader.Fixed(16).Span), reader.UInt64()),
        26 => new PeerEvent.MessageAccepted(
            reader.UInt64(), ChainValue.Read(reader.Fixed(16).Span), (MessageFlags)reader.Byte(), reader.Bytes().ToArray()),
        27 => new PeerEvent.IncomingStopped(StateReader.OneOf<StopReason>(reader.Byte())),
        28 => new PeerEvent.IncomingReset(),
        29 => new PeerEvent.MessageHandled(StreamId.Read(reader.Fixed(16).Span), reader.UInt64()),
        30 => new PeerEvent.MessageFailed(StreamId.Read(reader.Fixed(16).Span), reader.UInt64(), reader.Flag()),
        31 => new PeerEvent.MessageRetried(StreamId.Read(reader.Fixed(16).Span), reader.UInt64()),
        32 => new PeerEvent.MessageDropped(StreamId.Read(reader.Fixed(16).Span), reader.UInt64()),
        33 => new PeerEvent.GenerationSet(reader.UInt32()),
        34 => new PeerEvent.SessionPreferred(SessionId.Read(reader.Fixed(16).Span)),
        40 => new PeerEvent.OperationPerformed(ReadGuid(ref reader)),
        var kind => throw new StateFormatException($"{kind} is no kind of fact"),
    };

    internal static void WritePin(StateWriter writer, Pin pin)
    {
        writer.Fixed(pin.Fingerprint.Bytes);
        writer.Bytes(pin.Document.Span);
        writer.Flag(pin.Proved);
    }

    internal static Pin ReadPin(ref StateReader reader) =>
        new(ReadFingerprint(ref reader), reader.Bytes().ToArray(), reader.Flag());

    internal static void WritePolicy(StateWriter writer, FrozenPolicy policy)
    {
        writer.Text(policy.TemplateId);
        writer.UInt32((uint)policy.TemplateVersion);
        writer.Bytes(policy.Encoded.Span);
    }

    internal static FrozenPolicy ReadPolicy(ref StateReader reader) =>
        new(reader.Text(), reader.Count(int.MaxValue), reader.Bytes().ToArray());

    internal static void WriteTexts(StateWriter writer, IReadOnlyList<string> texts)
    {
        writer.UInt16(texts.Count);
        foreach (var text in texts)
        {
            writer.Text(text);
        }
    }

    internal static string[] ReadTexts(ref StateReader reader)
    {
        var texts = new string[reader.UInt16()];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = reader.Text();
        }

        return texts;
    }

    internal static void WritePeer(StateWriter writer, PeerKey peer)
    {
        writer.Text(peer.Identity.Value);
        writer.Text(peer.Peer.Value);
    }

    internal static PeerKey ReadPeer(ref StateReader reader) => new(new IdentityName(reader.Text()), new PeerId(reader.Text()));

    internal static Fingerprint ReadFingerprint(ref StateReader reader) => new(reader.Fixed(Fingerprint.Size).Span);

    internal static void WriteGuid(StateWriter writer, Guid value) =>
        value.TryWriteBytes(writer.Take(16), bigEndian: true, out _);

    internal static Guid ReadGuid(ref StateReader reader) => new(reader.Fixed(16).Span, bigEndian: true);

    internal static UnixMillis? ReadExpiry(ref StateReader reader) =>
        reader.Int64() is var millis and not 0 ? new UnixMillis(millis) : null;

    private static void WriteMessage(StateWriter writer, byte kind, StreamId stream, ulong number)
    {
        writer.Byte(kind);
        stream.Write(writer.Take(16));
        writer.UInt64(number);
    }
}

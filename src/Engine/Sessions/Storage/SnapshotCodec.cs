using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Storage;

/// <summary>The bytes of a peer's snapshot and of its open messages' rows (docs/formats/events.md).</summary>
/// <remarks>A snapshot holds everything durable but payloads and public documents, which lie in rows of their own: a peer with a long
/// outbox is not written again whole for each change, and one that is idle has no document in memory.</remarks>
internal static class SnapshotCodec
{
    /// <summary>Has in each epoch for how long nothing was heard in it.</summary>
    private const byte Version = 4;

    /// <summary>Has the documents in its pins, and no ids of acts.</summary>
    private const byte VersionBeforeActs = 1;

    /// <summary>Version 1 and, at its end, the ids of acts.</summary>
    private const byte VersionWithDocuments = 2;

    /// <summary>The documents lie in rows; the ids of acts are always there.</summary>
    private const byte VersionBeforeUnheard = 3;

    // Marks of a session.
    private const byte Superseded = 1;
    private const byte Unproved = 2;

    internal static void Write(StateWriter writer, PeerState state, in StepInput input, LogPosition position)
    {
        writer.Byte(Version);
        writer.Int64(position.Value);
        writer.Int64(input.Wall.Value);
        writer.Flag(state.Suspended);
        writer.Flag(state.Held);
        writer.UInt32(state.Generation);
        writer.UInt16(state.Pins.Count);
        foreach (var pin in state.Pins)
        {
            WritePin(writer, pin);
        }

        EventCodec.WriteTexts(writer, state.Addresses);
        EventCodec.WritePolicy(writer, state.Policy);
        writer.UInt16(state.Sessions.Count);
        foreach (var session in state.Sessions)
        {
            WriteSession(writer, session, input.Now);
        }

        writer.Byte(state.Sending is null ? (byte)255 : (byte)state.Sessions.IndexOf(state.Sending));
        WriteOutgoing(writer, state.Outgoing);
        WriteIncoming(writer, state.Incoming);
        WriteOperations(writer, state.Performed);
    }

    /// <summary>Reads a snapshot; its open messages are added from their rows, in ascending order of number.</summary>
    /// <returns>The position the snapshot was taken at.</returns>
    internal static LogPosition Read(ReadOnlyMemory<byte> bytes, PeerState state, UnixMillis wall)
    {
        var reader = new StateReader(bytes);
        var version = reader.Byte();
        if (version is not (Version or VersionBeforeUnheard or VersionWithDocuments or VersionBeforeActs))
        {
            throw new StateFormatException($"snapshot version {version} is not known here");
        }

        var position = new LogPosition(reader.Int64());
        var awayMillis = Math.Max(0, wall.Value - reader.Int64());
        state.Exists = true;
        state.Suspended = reader.Flag();
        state.Held = reader.Flag();
        state.Generation = reader.UInt32();
        var pins = new Pin[reader.UInt16()];
        for (var i = 0; i < pins.Length; i++)
        {
            pins[i] = version > VersionWithDocuments ? ReadPin(ref reader) : EventCodec.ReadPin(ref reader);
        }

        state.Pins = pins;
        state.Addresses = EventCodec.ReadTexts(ref reader);
        state.Policy = EventCodec.ReadPolicy(ref reader);
        for (var left = reader.UInt16(); left > 0; left--)
        {
            state.Sessions.Add(ReadSession(ref reader, state, awayMillis, hasUnheard: version > VersionBeforeUnheard));
        }

        var sending = reader.Byte();
        state.Sending = sending == 255 ? null
            : sending < state.Sessions.Count ? state.Sessions[sending]
            : throw new StateFormatException($"session {sending} of {state.Sessions.Count} is to be sent in");
        ReadOutgoing(ref reader, state.Outgoing);
        ReadIncoming(ref reader, state.Incoming);
        if (version != VersionBeforeActs)
        {
            ReadOperations(ref reader, ref state.Performed);
        }

        reader.End();
        return position;
    }

    /// <summary>Writes the content of a document's row: its bytes alone, since the peer's seal says whose they are.</summary>
    internal static void WriteDocumentRow(StateWriter writer, Pin pin) => writer.Fixed(pin.Document.Span);

    /// <summary>Reads a document's row.</summary>
    /// <param name="bytes">The row; copied.</param>
    /// <param name="fingerprint">What the row was asked for: its key has only the first bytes of it.</param>
    internal static ReadOnlyMemory<byte> ReadDocumentRow(ReadOnlyMemory<byte> bytes, Fingerprint fingerprint) =>
        Fingerprint.Of(bytes.Span) == fingerprint
            ? bytes.ToArray()
            : throw new StateFormatException("a document is not the one that is pinned");

    internal static void WriteOutboxRow(StateWriter writer, OutgoingMessage message)
    {
        EventCodec.WriteGuid(writer, message.Operation);
        writer.Byte((byte)message.Flags);
        writer.Byte((byte)message.ChainFlags);
        writer.Fixed(message.Digest.Span);
        writer.Int64(message.ExpiresAt?.Value ?? 0);
        writer.Bytes(message.Payload.Span);
    }

    internal static OutgoingMessage ReadOutboxRow(ReadOnlyMemory<byte> bytes)
    {
        var reader = new StateReader(bytes);
        var message = new OutgoingMessage
        {
            Operation = EventCodec.ReadGuid(ref reader),
            Flags = (MessageFlags)reader.Byte(),
            ChainFlags = (MessageFlags)reader.Byte(),
            Digest = reader.Fixed(ChainHash.DigestSize).ToArray(),
            ExpiresAt = EventCodec.ReadExpiry(ref reader),
            Payload = reader.Bytes().ToArray(),
        };
        message.Row = RowState.Current;
        reader.End();
        return message;
    }

    internal static void WriteInboxRow(StateWriter writer, IncomingMessage message)
    {
        message.Stream.Write(writer.Take(16));
        writer.UInt64(message.Number);
        writer.UInt64(message.Ordinal);
        writer.Byte((byte)message.Flags);
        writer.UInt32((uint)message.Failures);
        writer.Flag(message.SetAside);
        writer.Bytes(message.Payload.Span);
    }

    internal static IncomingMessage ReadInboxRow(ReadOnlyMemory<byte> bytes)
    {
        var reader = new StateReader(bytes);
        var message = new IncomingMessage
        {
            Stream = StreamId.Read(reader.Fixed(16).Span),
            Number = reader.UInt64(),
            Ordinal = reader.UInt64(),
            Flags = (MessageFlags)reader.Byte(),
            Failures = reader.Count(int.MaxValue),
            SetAside = reader.Flag(),
            Payload = reader.Bytes().ToArray(),
        };
        message.Row = RowState.Current;
        reader.End();
        return message;
    }

    private static void WritePin(StateWriter writer, Pin pin)
    {
        writer.Fixed(pin.Fingerprint.Bytes);
        writer.UInt16(pin.Suites.EncodedSize);
        pin.Suites.Write(writer.Take(pin.Suites.EncodedSize));
        writer.Flag(pin.Proved);
    }

    private static Pin ReadPin(ref StateReader reader)
    {
        var fingerprint = EventCodec.ReadFingerprint(ref reader);
        var suites = SuiteSet.Empty;
        var encoded = reader.Fixed(reader.UInt16()).Span;
        if (!encoded.IsEmpty && (!SuiteSet.TryRead(encoded, out suites, out _) || suites.EncodedSize != encoded.Length))
        {
            throw new StateFormatException("a pin's suites are not known here");
        }

        return new Pin(fingerprint, default, reader.Flag()) { Suites = suites };
    }

    private static void WriteSession(StateWriter writer, SessionState session, MonotonicMillis now)
    {
        session.Id.Write(writer.Take(16));
        writer.Flag(session.IsInitiator);
        writer.UInt16((int)session.Suite);
        writer.Fixed(session.Local.Bytes);
        writer.Fixed(session.Remote.Bytes);
        writer.Byte((byte)((session.Superseded ? Superseded : 0) | (session.Unproved ? Unproved : 0)));
        EpochCodec.Write(writer, session.Current, now);
        WriteOptional(writer, session.Pending, now);
        WriteOptional(writer, session.Previous, now);
    }

    private static SessionState ReadSession(ref StateReader reader, PeerState state, long awayMillis, bool hasUnheard)
    {
        var id = SessionId.Read(reader.Fixed(16).Span);
        var isInitiator = reader.Flag();
        var suite = StateReader.OneOf<Suite>(reader.UInt16());
        var local = EventCodec.ReadFingerprint(ref reader);
        var remote = EventCodec.ReadFingerprint(ref reader);
        var marks = reader.Byte();
        if ((marks & ~(Superseded | Unproved)) != 0)
        {
            throw new StateFormatException($"a session's marks are {marks}");
        }

        return new SessionState
        {
            Id = id,
            IsInitiator = isInitiator,
            Suite = suite,
            Local = local,
            Remote = state.Shared(remote),
            Superseded = (marks & Superseded) != 0,
            Unproved = (marks & Unproved) != 0,
            Current = EpochCodec.Read(ref reader, awayMillis, hasUnheard),
            Pending = reader.Flag() ? EpochCodec.Read(ref reader, awayMillis, hasUnheard) : null,
            Previous = reader.Flag() ? EpochCodec.Read(ref reader, awayMillis, hasUnheard) : null,
        };
    }

    private static void WriteOptional(StateWriter writer, EpochState? epoch, MonotonicMillis now)
    {
        writer.Flag(epoch is not null);
        if (epoch is not null)
        {
            EpochCodec.Write(writer, epoch, now);
        }
    }

    private static void WriteOutgoing(StateWriter writer, OutgoingStream stream)
    {
        stream.Id.Write(writer.Take(16));
        writer.UInt64(stream.LowestUnacknowledged);
        stream.ChainBelow.Write(writer.Take(16));
        writer.Byte((byte)(stream.Stopped ?? 0));
        WriteStreams(writer, stream.Retired);
        WriteOperations(writer, stream.Completed);
    }

    private static void ReadOutgoing(ref StateReader reader, OutgoingStream stream)
    {
        stream.Id = StreamId.Read(reader.Fixed(16).Span);
        stream.Restore(reader.UInt64(), ChainValue.Read(reader.Fixed(16).Span));
        stream.Stopped = ReadStop(ref reader);
        ReadStreams(ref reader, ref stream.Retired);
        ReadOperations(ref reader, ref stream.Completed);
    }

    private static void WriteIncoming(StateWriter writer, IncomingStream stream)
    {
        stream.Id.Write(writer.Take(16));
        writer.UInt64(stream.Expected);
        writer.UInt64(stream.NextOrdinal);
        writer.Flag(stream.ChainBelow is not null);
        (stream.ChainBelow ?? default).Write(writer.Take(16));
        writer.Byte((byte)(stream.Stopped ?? 0));
        WriteStreams(writer, stream.Retired);
    }

    private static void ReadIncoming(ref StateReader reader, IncomingStream stream)
    {
        stream.Id = StreamId.Read(reader.Fixed(16).Span);
        stream.Expected = reader.UInt64();
        stream.NextOrdinal = reader.UInt64();
        var chainKnown = reader.Flag();
        var chain = ChainValue.Read(reader.Fixed(16).Span);
        stream.ChainBelow = chainKnown ? chain : null;
        stream.Stopped = ReadStop(ref reader);
        ReadStreams(ref reader, ref stream.Retired);
    }

    private static void WriteOperations(StateWriter writer, in ShortList<Guid> operations)
    {
        writer.UInt16(operations.Count);
        foreach (var operation in operations)
        {
            EventCodec.WriteGuid(writer, operation);
        }
    }

    private static void ReadOperations(ref StateReader reader, ref ShortList<Guid> operations)
    {
        for (var left = reader.UInt16(); left > 0; left--)
        {
            operations.Add(EventCodec.ReadGuid(ref reader));
        }
    }

    private static StopReason? ReadStop(ref StateReader reader) =>
        reader.Byte() is var reason and not 0 ? StateReader.OneOf<StopReason>(reason) : null;

    private static void WriteStreams(StateWriter writer, in ShortList<StreamId> streams)
    {
        writer.UInt16(streams.Count);
        foreach (var stream in streams)
        {
            stream.Write(writer.Take(16));
        }
    }

    private static void ReadStreams(ref StateReader reader, ref ShortList<StreamId> streams)
    {
        for (var left = reader.UInt16(); left > 0; left--)
        {
            streams.Add(StreamId.Read(reader.Fixed(16).Span));
        }
    }
}

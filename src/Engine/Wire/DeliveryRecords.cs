using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The plaintext of a type 2 record (docs/formats/control-messages.md).</summary>
internal readonly record struct MessageRecord(
    StreamId Stream, ulong Number, ulong LowestUnacknowledged, Chain Chain, MessageFlags Flags, ReadOnlyMemory<byte> Payload)
{
    internal const int HeaderSize = 16 + 8 + 8 + 16 + 1;

    internal byte[] Encode()
    {
        var bytes = new byte[HeaderSize + Payload.Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Stream.Value);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), Number);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), LowestUnacknowledged);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(32), Chain.Value);
        bytes[48] = (byte)Flags;
        Payload.Span.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    internal static bool TryParse(ReadOnlyMemory<byte> bytes, out MessageRecord record)
    {
        record = default;
        if (bytes.Length < HeaderSize)
        {
            return false;
        }

        var span = bytes.Span;
        record = new MessageRecord(
            new StreamId(BinaryPrimitives.ReadUInt128BigEndian(span)),
            BinaryPrimitives.ReadUInt64BigEndian(span[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(span[24..]),
            new Chain(BinaryPrimitives.ReadUInt128BigEndian(span[32..])),
            (MessageFlags)span[48],
            bytes[HeaderSize..]);
        return !record.Stream.IsNone && record.LowestUnacknowledged >= 1 && record.Number >= record.LowestUnacknowledged
            && record.Number != ulong.MaxValue && (record.Flags & ~MessageFlags.All) == 0;
    }
}

/// <summary>The plaintext of a type 3 record: everything up to <paramref name="Number"/> is durable at the receiver.</summary>
internal readonly record struct AcknowledgementRecord(StreamId Stream, ulong Number, Chain Chain)
{
    internal const int Size = 16 + 8 + 16;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Stream.Value);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), Number);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(24), Chain.Value);
        return bytes;
    }

    internal static bool TryParse(ReadOnlySpan<byte> bytes, out AcknowledgementRecord record)
    {
        record = default;
        if (bytes.Length != Size)
        {
            return false;
        }

        record = new AcknowledgementRecord(
            new StreamId(BinaryPrimitives.ReadUInt128BigEndian(bytes)),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            new Chain(BinaryPrimitives.ReadUInt128BigEndian(bytes[24..])));
        return !record.Stream.IsNone && record.Number != ulong.MaxValue;
    }
}

/// <summary>Where a side's two streams stand, told in message 2 and in confirms (docs/formats/control-messages.md).</summary>
internal readonly record struct DeliveryGreeting(
    StreamId Stream, ulong LowestUnacknowledged, ulong Next, StreamId KnownStream, ulong Expected, Chain Chain)
{
    internal const int Size = 16 + 8 + 8 + 16 + 8 + 16;

    /// <summary>Gets whether the sender adopted the stream in its middle and has accepted nothing of it yet.</summary>
    internal bool ChainUnknown => Chain.Value == 0;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Stream.Value);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), LowestUnacknowledged);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), Next);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(32), KnownStream.Value);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(48), Expected);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(56), Chain.Value);
        return bytes;
    }

    internal static bool TryParse(ReadOnlySpan<byte> bytes, out DeliveryGreeting greeting)
    {
        greeting = default;
        if (bytes.Length != Size)
        {
            return false;
        }

        greeting = new DeliveryGreeting(
            new StreamId(BinaryPrimitives.ReadUInt128BigEndian(bytes)),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
            new StreamId(BinaryPrimitives.ReadUInt128BigEndian(bytes[32..])),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[48..]),
            new Chain(BinaryPrimitives.ReadUInt128BigEndian(bytes[56..])));
        return greeting.LowestUnacknowledged >= 1 && greeting.Next >= greeting.LowestUnacknowledged && greeting.Expected >= 1;
    }
}

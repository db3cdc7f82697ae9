using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>What a durable message's flags say. Other bits are refused.</summary>
[Flags]
internal enum MessageFlags : byte
{
    None = 0,

    /// <summary>The message expired: its number is used up, its payload is the flags it had and the SHA-256 of what it was.</summary>
    Void = 1,

    /// <summary>Part of a payload larger than one message.</summary>
    Chunk = 2,

    /// <summary>The end mark of such a payload: its length and its hash.</summary>
    ChunkEnd = 4,
}

/// <summary>The plaintext of a type-2 record: a view over the bytes, nothing is copied.</summary>
internal readonly ref struct DeliveryMessage
{
    /// <summary>The size of what precedes the payload.</summary>
    internal const int HeadSize = 49;

    /// <summary>What a void carries in place of its payload: flags8 ‖ SHA-256.</summary>
    internal const int VoidPayloadLength = 33;

    /// <summary>The longest payload that fits an envelope.</summary>
    internal const int PayloadLengthMax = EnvelopeHeader.BodyLengthMax - EnvelopeHeader.TagSize - HeadSize;

    /// <summary>2^63 − 1: the highest number, so that numbers also fit signed arithmetic and stores.</summary>
    internal const ulong NumberMax = long.MaxValue;

    private const MessageFlags KnownFlags = MessageFlags.Void | MessageFlags.Chunk | MessageFlags.ChunkEnd;

    internal DeliveryMessage(
        StreamId stream, ulong number, ulong lowestUnacknowledged, ChainValue chain, MessageFlags flags,
        ReadOnlySpan<byte> payload)
    {
        Stream = stream;
        Number = number;
        LowestUnacknowledged = lowestUnacknowledged;
        Chain = chain;
        Flags = flags;
        Payload = payload;
    }

    internal StreamId Stream { get; }

    /// <summary>Gets the message's number, 1 or more.</summary>
    internal ulong Number { get; }

    /// <summary>Gets the sender's lowest unacknowledged number when it sealed this, at most <see cref="Number"/>.</summary>
    internal ulong LowestUnacknowledged { get; }

    /// <summary>Gets the chain value before this message.</summary>
    internal ChainValue Chain { get; }

    internal MessageFlags Flags { get; }

    internal ReadOnlySpan<byte> Payload { get; }

    internal int Size => HeadSize + Payload.Length;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    internal void Write(Span<byte> destination)
    {
        Payload.CopyTo(destination[HeadSize..]);
        Stream.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], Number);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], LowestUnacknowledged);
        Chain.Write(destination[32..]);
        destination[48] = (byte)Flags;
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out DeliveryMessage message, out WireFailure failure)
    {
        message = default;
        failure = source.Length switch
        {
            < HeadSize => WireFailure.Truncated,
            > HeadSize + PayloadLengthMax => WireFailure.Oversized,
            _ => WireFailure.None,
        };
        if (failure != WireFailure.None)
        {
            return false;
        }

        message = new DeliveryMessage(
            StreamId.Read(source),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[24..]),
            ChainValue.Read(source[32..]),
            (MessageFlags)source[48],
            source[HeadSize..]);
        failure = message.IsConsistent ? WireFailure.None : WireFailure.FieldInvalid;
        return failure == WireFailure.None;
    }

    private bool IsConsistent =>
        !Stream.IsZero
        && Number is >= 1 and <= NumberMax
        && LowestUnacknowledged >= 1
        && LowestUnacknowledged <= Number
        && (Flags & ~KnownFlags) == 0
        && ((Flags & MessageFlags.Void) == 0 || (Flags == MessageFlags.Void && Payload.Length == VoidPayloadLength));
}

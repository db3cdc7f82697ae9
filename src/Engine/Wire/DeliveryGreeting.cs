using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>How a side stands with its durable messages; carried by msg2 and confirm. docs/formats/control-messages.md.</summary>
/// <param name="MyStream">The sender's outgoing stream; never zero.</param>
/// <param name="LowestUnacknowledged">Its lowest number not yet acknowledged, 1 or more.</param>
/// <param name="Next">The number its next message gets; at least <paramref name="LowestUnacknowledged"/>.</param>
/// <param name="YourStream">The reader's stream as the sender knows it; zero when it knows none.</param>
/// <param name="NextExpected">The number it expects next from that stream; 0 exactly when it knows none.</param>
/// <param name="Chain">The chain value before that number; zero when it knows none.</param>
internal readonly record struct DeliveryGreeting(
    StreamId MyStream,
    ulong LowestUnacknowledged,
    ulong Next,
    StreamId YourStream,
    ulong NextExpected,
    ChainValue Chain)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 72;

    internal void Write(Span<byte> destination)
    {
        Chain.Write(destination[56..]);
        MyStream.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], LowestUnacknowledged);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], Next);
        YourStream.Write(destination[32..]);
        BinaryPrimitives.WriteUInt64BigEndian(destination[48..], NextExpected);
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out DeliveryGreeting greeting, out WireFailure failure)
    {
        greeting = default;
        failure = source.Length.CompareTo(Size) switch
        {
            0 => WireFailure.None,
            < 0 => WireFailure.Truncated,
            _ => WireFailure.LengthMismatch,
        };
        if (failure != WireFailure.None)
        {
            return false;
        }

        greeting = new DeliveryGreeting(
            StreamId.Read(source),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[24..]),
            StreamId.Read(source[32..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[48..]),
            ChainValue.Read(source[56..]));
        failure = greeting.IsConsistent ? WireFailure.None : WireFailure.FieldInvalid;
        return failure == WireFailure.None;
    }

    private bool IsConsistent =>
        !MyStream.IsZero
        && LowestUnacknowledged >= 1
        && Next >= LowestUnacknowledged
        && Next <= DeliveryMessage.NumberMax
        && NextExpected <= DeliveryMessage.NumberMax
        && (YourStream.IsZero ? NextExpected == 0 && Chain.IsZero : NextExpected >= 1);
}

using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The plaintext of a type-3 record: everything up to and including a number is durably accepted.</summary>
/// <param name="Stream">The stream acknowledged; never zero.</param>
/// <param name="Number">The highest number accepted in order; 0 when none is yet.</param>
/// <param name="Chain">The chain value after that number.</param>
internal readonly record struct Acknowledgement(StreamId Stream, ulong Number, ChainValue Chain)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 40;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    internal void Write(Span<byte> destination)
    {
        Chain.Write(destination[24..]);
        Stream.Write(destination);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], Number);
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out Acknowledgement acknowledgement, out WireFailure failure)
    {
        acknowledgement = default;
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

        acknowledgement = new Acknowledgement(
            StreamId.Read(source), BinaryPrimitives.ReadUInt64BigEndian(source[16..]), ChainValue.Read(source[24..]));
        failure = !acknowledgement.Stream.IsZero && acknowledgement.Number <= DeliveryMessage.NumberMax
            ? WireFailure.None
            : WireFailure.FieldInvalid;
        return failure == WireFailure.None;
    }
}

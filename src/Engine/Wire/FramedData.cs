using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The plaintext of a type-8 record: the caller's bytes, then zeros that hide their length.</summary>
internal static class FramedData
{
    /// <summary>The size of <c>flags8 ‖ padLength16</c>.</summary>
    internal const int HeadSize = 3;

    /// <summary>The most zeros one frame holds.</summary>
    internal const int PadLengthMax = ushort.MaxValue;

    internal static int SizeOf(int payloadLength, int padLength) => HeadSize + payloadLength + padLength;

    /// <summary>Writes <see cref="SizeOf"/> bytes. The payload may already stand at <c>destination[3..]</c>.</summary>
    internal static void Write(ReadOnlySpan<byte> payload, int padLength, Span<byte> destination)
    {
        var frame = destination[..SizeOf(payload.Length, padLength)];
        payload.CopyTo(frame[HeadSize..]);
        frame[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(frame[1..], checked((ushort)padLength));
        frame[(HeadSize + payload.Length)..].Clear();
    }

    /// <summary>Gives the caller's bytes. Flags must be 0 and padding all zeros.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out ReadOnlySpan<byte> payload, out WireFailure failure)
    {
        payload = default;
        if (source.Length < HeadSize)
        {
            failure = WireFailure.Truncated;
            return false;
        }

        var padLength = BinaryPrimitives.ReadUInt16BigEndian(source[1..]);
        if (padLength > source.Length - HeadSize)
        {
            failure = WireFailure.LengthMismatch;
            return false;
        }

        var canonical = source[0] == 0 && !source[^padLength..].ContainsAnyExcept((byte)0);
        failure = canonical ? WireFailure.None : WireFailure.FieldInvalid;
        payload = canonical ? source[HeadSize..^padLength] : default;
        return canonical;
    }
}

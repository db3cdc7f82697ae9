using System.Buffers.Binary;

namespace Kyberium.Engine.Wire;

/// <summary>The plaintext of a type-7 record: sequences up to and including one are refused; go on after it.</summary>
/// <param name="Epoch">The epoch of the refused record.</param>
/// <param name="Incarnation">Its incarnation.</param>
/// <param name="ReservedThrough">The highest sequence refused.</param>
internal readonly record struct WindowNotice(Epoch Epoch, Incarnation Incarnation, ulong ReservedThrough)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 28;

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[20..], ReservedThrough);
        BinaryPrimitives.WriteUInt32BigEndian(destination, Epoch.Value);
        Incarnation.Write(destination[4..]);
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out WindowNotice notice, out WireFailure failure)
    {
        failure = source.Length.CompareTo(Size) switch
        {
            0 => WireFailure.None,
            < 0 => WireFailure.Truncated,
            _ => WireFailure.LengthMismatch,
        };
        notice = failure == WireFailure.None
            ? new WindowNotice(
                new Epoch(BinaryPrimitives.ReadUInt32BigEndian(source)),
                Incarnation.Read(source[4..]),
                BinaryPrimitives.ReadUInt64BigEndian(source[20..]))
            : default;
        return failure == WireFailure.None;
    }
}

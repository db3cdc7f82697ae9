using System.Buffers.Binary;
using System.Globalization;

namespace Kyberium.Engine.Wire;

/// <summary>One owner's stay with an epoch's sending keys: 16 public random bytes that go into the traffic key.</summary>
internal readonly record struct Incarnation(ulong High, ulong Low)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 16;

    /// <summary>Gets whether all bytes are zero, which stands for none.</summary>
    internal bool IsZero => (High | Low) == 0;

    /// <summary>Reads the first 16 of <paramref name="source"/>'s bytes.</summary>
    internal static Incarnation Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}

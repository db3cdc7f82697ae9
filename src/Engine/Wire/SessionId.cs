using System.Buffers.Binary;
using System.Globalization;

namespace Kyberium.Engine.Wire;

/// <summary>What a session is known by from its first epoch to its last: 16 public bytes of the key schedule.</summary>
internal readonly record struct SessionId(ulong High, ulong Low)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 16;

    /// <summary>Gets whether all bytes are zero, which stands for none.</summary>
    internal bool IsZero => (High | Low) == 0;

    /// <summary>Reads the first 16 of <paramref name="source"/>'s bytes.</summary>
    internal static SessionId Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}

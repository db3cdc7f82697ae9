using System.Buffers.Binary;
using System.Globalization;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Wire;

/// <summary>One run of numbered durable messages: 16 random bytes drawn with the delivery state.</summary>
internal readonly record struct StreamId(ulong High, ulong Low)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 16;

    /// <summary>Gets whether all bytes are zero, which stands for none.</summary>
    internal bool IsZero => (High | Low) == 0;

    /// <summary>Reads the first 16 of <paramref name="source"/>'s bytes.</summary>
    internal static StreamId Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Draws a new stream's id; never zero, which stands for none.</summary>
    internal static StreamId Draw(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        var drawn = Read(bytes);
        return drawn.IsZero ? new StreamId(0, 1) : drawn;
    }

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}

using System.Buffers.Binary;
using System.Globalization;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Wire;

/// <summary>One attempt to send a payload in parts: 16 random bytes that each part begins with.</summary>
internal readonly record struct TransferId(UInt128 Value)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 16;

    internal static TransferId Draw(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    internal static TransferId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    internal void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

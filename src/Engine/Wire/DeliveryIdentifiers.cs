using System.Buffers.Binary;
using System.Globalization;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Wire;

/// <summary>Names one delivery stream: 16 random bytes drawn when the sender's delivery state was created. Never zero.</summary>
internal readonly record struct StreamId(UInt128 Value)
{
    internal const int Size = 16;

    internal bool IsNone => Value == 0;

    internal static StreamId Draw(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return new StreamId(value == 0 ? 1 : value);   // zero means "none" in a greeting
    }

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>The running hash of a delivery stream after some number: 16 bytes (docs/formats/delivery.md).</summary>
internal readonly record struct Chain(UInt128 Value)
{
    internal const int Size = 16;

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

/// <summary>The flags of a durable message, as they stand on the wire.</summary>
[Flags]
internal enum MessageFlags : byte
{
    None = 0,

    /// <summary>The message expired; its payload is the flags it had and the SHA-256 of what it was.</summary>
    Void = 1,

    /// <summary>Part of a payload larger than one message.</summary>
    Chunk = 2,

    /// <summary>The end mark of such a payload: its length and SHA-512.</summary>
    ChunkEnd = 4,

    All = Void | Chunk | ChunkEnd,
}

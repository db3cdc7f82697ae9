using System.Buffers.Binary;

namespace Kyberium.Engine.Keyring;

/// <summary>Names a master key: 16 random bytes, public.</summary>
internal readonly record struct MasterKeyId(UInt128 Value)
{
    internal const int Size = 16;

    internal static MasterKeyId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    internal void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <summary>Gives 32 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}

using System.Buffers.Binary;
using System.Numerics;

namespace Kyberium.Engine.Journal;

/// <summary>CRC-32C (Castagnoli, reflected, as in RFC 3720 appendix B.4): finds damage without keys, proves nothing against an attacker.</summary>
internal static class Crc32C
{
    internal const int Size = sizeof(uint);

    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}

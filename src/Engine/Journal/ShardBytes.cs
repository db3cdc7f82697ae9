using System.Buffers.Binary;
using System.Text;

namespace Kyberium.Engine.Journal;

/// <summary>A shard's name as bytes: one for the group's length (1 to 64), the group in UTF-8, two for the number.</summary>
internal static class ShardBytes
{
    private const int GroupSizeMax = 64;

    internal static byte[] Of(ShardId shard)
    {
        var size = Encoding.UTF8.GetByteCount(shard.Group);
        if (SizeFor(size) == 0 || shard.Number is < 0 or > ushort.MaxValue)
        {
            throw new ArgumentException($"a shard has a group of 1 to {GroupSizeMax} bytes and a number of 0 to 65,535, not {shard}", nameof(shard));
        }

        var bytes = new byte[SizeFor(size)];
        bytes[0] = (byte)size;
        Encoding.UTF8.GetBytes(shard.Group, bytes.AsSpan(1));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1 + size), (ushort)shard.Number);
        return bytes;
    }

    /// <returns>The size of the whole encoding, or 0 when no group has that length.</returns>
    internal static int SizeFor(int groupSize) => groupSize is >= 1 and <= GroupSizeMax ? 1 + groupSize + sizeof(ushort) : 0;
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Engine.Sqlite.Crash;

/// <summary>Records whose bytes follow from shard and position, so that the test knows them without having written them. Each
/// commit also writes a row of the same position, and truncates now and then.</summary>
public static class CrashRecords
{
    /// <summary>How far behind the end the truncation stays.</summary>
    public const int TailMin = 20;

    public static JournalCommit Commit(ShardId shard, Fence fence, LogPosition position) => new()
    {
        Shard = shard,
        Fence = fence,
        Position = position,
        Record = Bytes(shard, position),
        Rows = [new RowChange(new RowKey(RowKind.Shard, ReadOnlyMemory<byte>.Empty), Number(position.Value))],
        TruncateThrough = position.Value % 50 == 0 ? new LogPosition(position.Value - TailMin) : null,
    };

    public static byte[] Number(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>20 to 20,019 bytes: sizes on both sides of a database page.</summary>
    public static byte[] Bytes(ShardId shard, LogPosition position)
    {
        var bytes = new byte[20 + (position.Value * 7_919 % 20_000)];
        SHA256.HashData([.. Number(position.Value), (byte)shard.Number]).AsSpan(0, 20).CopyTo(bytes);
        for (var i = 20; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(bytes[i - 20] + 1);
        }

        return bytes;
    }
}

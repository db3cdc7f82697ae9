using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>What a peer's rows are stored under: first 16 bytes of SHA-256("kyb1 row" ‖ store id ‖ identity ‖ 0 ‖ peer).</summary>
internal readonly record struct PeerHash(UInt128 Value)
{
    internal const int Size = 16;

    internal static PeerHash Of(ReadOnlySpan<byte> storeId, PeerKey key)
    {
        Span<byte> input = stackalloc byte[8 + 16 + 1 + (2 * PeerId.LengthMax)];
        "kyb1 row"u8.CopyTo(input);
        storeId.CopyTo(input[8..]);
        var length = 24 + Encoding.ASCII.GetBytes(key.Identity.Value, input[24..]);
        input[length++] = 0;
        length += Encoding.ASCII.GetBytes(key.Peer.Value, input[length..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input[..length], hash);
        return Read(hash);
    }

    internal static PeerHash Read(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));

    internal void Write(Span<byte> destination) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    internal RowKey Row(RowKind kind)
    {
        var key = new byte[Size];
        Write(key);
        return new RowKey(kind, key);
    }

    internal RowKey Row(Fingerprint document)
    {
        var key = new byte[2 * Size];
        Write(key);
        document.Bytes[..Size].CopyTo(key.AsSpan(Size));
        return new RowKey(RowKind.Document, key);
    }

    internal RowKey Row(RowKind kind, ulong number)
    {
        var key = new byte[Size + 8];
        Write(key);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(Size), number);
        return new RowKey(kind, key);
    }
}

/// <summary>Which shard a peer belongs to: ENGINE's rule, fixed for the life of a store.</summary>
internal static class ShardNumber
{
    /// <summary>Takes the first 8 bytes of SHA-256(identity ‖ PeerId) modulo the count of shards.</summary>
    internal static int Of(PeerKey key, int shardCount)
    {
        Span<byte> input = stackalloc byte[2 * PeerId.LengthMax];
        var length = Encoding.ASCII.GetBytes(key.Identity.Value, input);
        length += Encoding.ASCII.GetBytes(key.Peer.Value, input[length..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input[..length], hash);
        return (int)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash) % (ulong)shardCount);
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kyberium.Engine.Keyring;

/// <summary>A witness file's bytes: how far each shard of one store had come. Layout: docs/formats/keyring.md section 4.</summary>
/// <remarks>Not secret, but authenticated: whoever can swap a store must not be able to swap what it is measured by.</remarks>
internal static class WitnessFile
{
    internal const byte Version = 1;
    internal const int StoreIdSize = 16;
    internal const int TenureSize = 32;
    internal const int GroupSizeMax = 64;
    internal const int CountMax = 65_536;
    internal const int SizeMax = HeaderSize + (CountMax * (1 + GroupSizeMax + EntryTailSize)) + MacSize;

    private const int VersionOffset = 8;
    private const int StoreIdOffset = 9;
    private const int MasterKeyIdOffset = StoreIdOffset + StoreIdSize;
    private const int CountOffset = MasterKeyIdOffset + MasterKeyId.Size;
    private const int HeaderSize = CountOffset + sizeof(int);
    private const int EntryTailSize = sizeof(ushort) + sizeof(long) + TenureSize + sizeof(long);
    private const int MacSize = 32;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => "kyb1witn"u8;

    private static ReadOnlySpan<byte> Purpose => "kyb1 witness"u8;

    internal static int Compare(ShardId left, ShardId right)
    {
        var groups = string.CompareOrdinal(left.Group, right.Group);
        return groups != 0 ? groups : left.Number.CompareTo(right.Number);
    }

    /// <summary>Checks what a caller gives.</summary>
    /// <exception cref="ArgumentException">A group, number, fence, tenure or position cannot be stored (caller's bug).</exception>
    internal static void Check(ShardWitness witness)
    {
        var groupSize = witness.Shard.Group is { } group ? Encoding.UTF8.GetByteCount(group) : 0;
        var storable = groupSize is > 0 and <= GroupSizeMax
            && witness.Shard.Number is >= 0 and <= ushort.MaxValue
            && witness.Fence.Value >= 0 && witness.Position.Value >= 0
            && witness.Tenure.Length == TenureSize;
        if (!storable)
        {
            throw new ArgumentException(
                $"A witness has a group of 1 to {GroupSizeMax} bytes, a number up to {ushort.MaxValue}, a fence and a "
                + $"position of 0 or more and a tenure of {TenureSize} bytes.", nameof(witness));
        }
    }

    /// <summary>Encodes witnesses, which are in ascending order of group and number.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> storeId, MasterKey master, IReadOnlyCollection<ShardWitness> witnesses)
    {
        var size = HeaderSize + MacSize;
        foreach (var witness in witnesses)
        {
            size += 1 + Encoding.UTF8.GetByteCount(witness.Shard.Group) + EntryTailSize;
        }

        var file = GC.AllocateUninitializedArray<byte>(size);
        Magic.CopyTo(file);
        file[VersionOffset] = Version;
        storeId.CopyTo(file.AsSpan(StoreIdOffset, StoreIdSize));
        master.Id.Write(file.AsSpan(MasterKeyIdOffset));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(CountOffset), witnesses.Count);
        var rest = file.AsSpan(HeaderSize);
        foreach (var witness in witnesses)
        {
            rest = WriteEntry(witness, rest);
        }

        Mac(storeId, master, file.AsSpan(..^MacSize), rest);
        return file;
    }

    /// <summary>Reads which master key a file is authenticated under.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: malformed, or of another store.</exception>
    internal static MasterKeyId ReadMasterKeyId(ReadOnlySpan<byte> file, ReadOnlySpan<byte> storeId, string path)
    {
        if (file.Length < HeaderSize + MacSize || !file.StartsWith(Magic) || file[VersionOffset] != Version)
        {
            throw KeyringErrors.WitnessDamaged(path, $"is not one of version {Version}");
        }

        return file.Slice(StoreIdOffset, StoreIdSize).SequenceEqual(storeId)
            ? MasterKeyId.Read(file[MasterKeyIdOffset..])
            : throw KeyringErrors.WitnessDamaged(path, "speaks of another store");
    }

    /// <summary>Reads the witnesses of a file under the key that <see cref="ReadMasterKeyId"/> named.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: it was changed, or contradicts itself.</exception>
    internal static List<ShardWitness> Decode(
        ReadOnlySpan<byte> file, ReadOnlySpan<byte> storeId, MasterKey master, string path)
    {
        Span<byte> mac = stackalloc byte[MacSize];
        Mac(storeId, master, file[..^MacSize], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, file[^MacSize..]))
        {
            throw KeyringErrors.WitnessDamaged(path, "was changed: its authentication code does not match");
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(file[CountOffset..]);
        var rest = file[HeaderSize..^MacSize];
        if (count is < 0 or > CountMax)
        {
            throw KeyringErrors.WitnessDamaged(path, "holds an impossible number of shards");
        }

        var witnesses = new List<ShardWitness>(count);
        for (var index = 0; index < count; index++)
        {
            if (!TryReadEntry(ref rest, out var witness)
                || (index > 0 && Compare(witnesses[^1].Shard, witness.Shard) >= 0))
            {
                throw KeyringErrors.WitnessDamaged(path, $"has a malformed entry {index}");
            }

            witnesses.Add(witness);
        }

        return rest.IsEmpty ? witnesses : throw KeyringErrors.WitnessDamaged(path, "has bytes after its last entry");
    }

    private static Span<byte> WriteEntry(ShardWitness witness, Span<byte> rest)
    {
        var groupSize = Encoding.UTF8.GetBytes(witness.Shard.Group, rest[1..]);
        rest[0] = (byte)groupSize;
        rest = rest[(1 + groupSize)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)witness.Shard.Number);
        BinaryPrimitives.WriteInt64BigEndian(rest[2..], witness.Fence.Value);
        witness.Tenure.Span.CopyTo(rest[10..]);
        BinaryPrimitives.WriteInt64BigEndian(rest[(10 + TenureSize)..], witness.Position.Value);
        return rest[EntryTailSize..];
    }

    private static bool TryReadEntry(ref ReadOnlySpan<byte> rest, out ShardWitness witness)
    {
        witness = default;
        if (rest.IsEmpty || rest[0] is 0 or > GroupSizeMax || rest.Length < 1 + rest[0] + EntryTailSize)
        {
            return false;
        }

        string group;
        try
        {
            group = StrictUtf8.GetString(rest.Slice(1, rest[0]));
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        var tail = rest.Slice(1 + rest[0], EntryTailSize);
        rest = rest[(1 + rest[0] + EntryTailSize)..];
        var fence = BinaryPrimitives.ReadInt64BigEndian(tail[2..]);
        var position = BinaryPrimitives.ReadInt64BigEndian(tail[(10 + TenureSize)..]);
        witness = new ShardWitness(
            new ShardId(group, BinaryPrimitives.ReadUInt16BigEndian(tail)), new Fence(fence),
            tail.Slice(10, TenureSize).ToArray(), new LogPosition(position));
        return fence >= 0 && position >= 0;
    }

    // HMAC-SHA512, its first 32 bytes (RFC 2104 section 5), under a key that serves this store alone.
    private static void Mac(ReadOnlySpan<byte> storeId, MasterKey master, ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> key = stackalloc byte[HMACSHA512.HashSizeInBytes];
        Span<byte> full = stackalloc byte[HMACSHA512.HashSizeInBytes];
        try
        {
            master.Derive(storeId, Purpose, key);
            HMACSHA512.HashData(key, content, full);
            full[..MacSize].CopyTo(mac);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}

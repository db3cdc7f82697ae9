using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>A witness file's bytes: how far each shard of one store had come. Layout: docs/formats/keyring.md section 4.</summary>
/// <remarks>Not secret, but authenticated: whoever can swap a store must not be able to swap what it is measured by.</remarks>
internal static class WitnessFile
{
    /// <summary>Written while the store was never gone on from as an older copy; every release reads it.</summary>
    internal const byte VersionWithoutGeneration = 1;

    /// <summary>Written from then on.</summary>
    internal const byte VersionWithGeneration = 2;

    internal const int StoreIdSize = 16;
    internal const int CountMax = 65_536;
    internal const int SizeMax = HeaderSize + (CountMax * WitnessEntry.SizeMax) + MacSize;

    private const int VersionOffset = 8;
    private const int StoreIdOffset = 9;
    private const int MasterKeyIdOffset = StoreIdOffset + StoreIdSize;
    private const int CountOffset = MasterKeyIdOffset + MasterKeyId.Size;
    private const int HeaderSize = CountOffset + sizeof(int);
    private const int MacSize = 32;

    private static ReadOnlySpan<byte> Magic => "kyb1witn"u8;

    private static ReadOnlySpan<byte> Purpose => "kyb1 witness"u8;

    /// <summary>Encodes witnesses, which are in ascending order of group and number.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> storeId, MasterKey master, IReadOnlyCollection<ShardWitness> witnesses)
    {
        var hasGeneration = witnesses.Any(static witness => witness.Generation > 0);
        var file = GC.AllocateUninitializedArray<byte>(HeaderSize + witnesses.Sum(witness => WitnessEntry.SizeOf(witness, hasGeneration)) + MacSize);
        Magic.CopyTo(file);
        file[VersionOffset] = hasGeneration ? VersionWithGeneration : VersionWithoutGeneration;
        storeId.CopyTo(file.AsSpan(StoreIdOffset, StoreIdSize));
        master.Id.Write(file.AsSpan(MasterKeyIdOffset));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(CountOffset), witnesses.Count);
        var rest = file.AsSpan(HeaderSize);
        foreach (var witness in witnesses)
        {
            rest = WitnessEntry.Write(witness, hasGeneration, rest);
        }

        Mac(storeId, master, file.AsSpan(..^MacSize), rest);
        return file;
    }

    /// <summary>Reads which master key a file is authenticated under.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: malformed, or of another store.</exception>
    internal static MasterKeyId ReadMasterKeyId(ReadOnlySpan<byte> file, ReadOnlySpan<byte> storeId, string path)
    {
        if (file.Length < HeaderSize + MacSize || !file.StartsWith(Magic)
            || file[VersionOffset] is not (VersionWithoutGeneration or VersionWithGeneration))
        {
            throw KeyringErrors.WitnessDamaged(path, $"is not one of version {VersionWithoutGeneration} or {VersionWithGeneration}");
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
        if (count is < 0 or > CountMax)
        {
            throw KeyringErrors.WitnessDamaged(path, "holds an impossible number of shards");
        }

        var witnesses = WitnessEntry.ReadAll(file[HeaderSize..^MacSize], count, file[VersionOffset] == VersionWithGeneration, out var problem);
        return problem is null ? witnesses : throw KeyringErrors.WitnessDamaged(path, problem);
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

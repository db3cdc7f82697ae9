using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Cluster.Joining;

/// <summary>How far the shards of one store have come, as nodes and Lighthouses tell each other and as a Lighthouse keeps it. Layout: docs/formats/joining.md.</summary>
internal static class WitnessList
{
    internal const int StoreIdSize = 16;

    /// <summary>How many shards of one store are remembered.</summary>
    internal const int CountMax = WitnessFile.CountMax;

    /// <summary>How many a node says at once.</summary>
    internal const int CountSaidMax = 4_096;

    /// <summary>The longest that a node says.</summary>
    internal const int SaidBytesMax = HeadSize + (CountSaidMax * WitnessEntry.SizeMax) + ChecksumSize;

    /// <summary>The longest that is kept, and answered.</summary>
    internal const int BytesMax = HeadSize + (CountMax * WitnessEntry.SizeMax) + ChecksumSize;

    internal const string ContentType = "application/vnd.kyberium.witnesses";

    private const byte Version = 1;
    private const int VersionOffset = 8;
    private const int StoreIdOffset = VersionOffset + 1;
    private const int CountOffset = StoreIdOffset + StoreIdSize;
    private const int HeadSize = CountOffset + sizeof(int);
    private const int ChecksumSize = SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "kyb1wlst"u8;

    /// <summary>Gets where a Lighthouse is asked for a store, and told of it.</summary>
    internal static string PathOf(ReadOnlySpan<byte> storeId) => $"{JoinRequest.WitnessPath}/{Convert.ToHexStringLower(storeId)}";

    /// <summary>Writes witnesses of different shards, in any order.</summary>
    internal static byte[] Encode(ReadOnlySpan<byte> storeId, IEnumerable<ShardWitness> witnesses)
    {
        var ordered = witnesses.OrderBy(static witness => witness.Shard, WitnessEntry.Order).ToList();
        var bytes = new byte[HeadSize + ordered.Sum(static witness => WitnessEntry.SizeOf(witness, hasGeneration: true)) + ChecksumSize];
        Magic.CopyTo(bytes);
        bytes[VersionOffset] = Version;
        storeId.CopyTo(bytes.AsSpan(StoreIdOffset, StoreIdSize));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(CountOffset), ordered.Count);
        var rest = bytes.AsSpan(HeadSize);
        foreach (var witness in ordered)
        {
            rest = WitnessEntry.Write(witness, hasGeneration: true, rest);
        }

        SHA256.HashData(bytes.AsSpan(..^ChecksumSize), rest);
        return bytes;
    }

    /// <summary>Reads them.</summary>
    /// <param name="problem">Why they are not what they should be, after "it"; <see langword="null"/> otherwise.</param>
    /// <returns><see langword="null"/> with a <paramref name="problem"/>.</returns>
    internal static List<ShardWitness>? TryDecode(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> storeId, out string? problem)
    {
        problem = null;
        if (bytes.Length is < HeadSize + ChecksumSize or > BytesMax || !bytes.StartsWith(Magic) || bytes[VersionOffset] != Version)
        {
            problem = $"is no list of witnesses of version {Version}";
        }
        else if (!bytes.Slice(StoreIdOffset, StoreIdSize).SequenceEqual(storeId))
        {
            problem = "speaks of another store";
        }
        else if (!SHA256.HashData(bytes[..^ChecksumSize]).AsSpan().SequenceEqual(bytes[^ChecksumSize..]))
        {
            problem = "was changed: its checksum does not match";
        }

        if (problem is not null)
        {
            return null;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(bytes[CountOffset..]);
        if (count is < 0 or > CountMax)
        {
            problem = "has an impossible number of shards";
            return null;
        }

        var witnesses = WitnessEntry.ReadAll(bytes[HeadSize..^ChecksumSize], count, hasGeneration: true, out problem);
        return problem is null ? witnesses : null;
    }
}

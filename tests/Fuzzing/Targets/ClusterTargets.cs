using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Engine.Keyring;
using Kyberium.Tests.Support;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What another node of the cluster sends. Laws: nothing throws; what is accepted has one encoding; how the bytes are cut on their way changes nothing.</summary>
internal static class ClusterTargets
{
    private static readonly byte[] StoreId = new byte[WitnessList.StoreIdSize];

    internal static FuzzTarget Frame { get; } = new("cluster-frame", Seeds, Read);

    /// <summary>First byte 0: bytes as they are; 1: with their checksum put right.</summary>
    internal static FuzzTarget Witnesses { get; } = new(
        "witnesses", static () => [.. Laws.Tagged(0, [WitnessSeed()]), .. Laws.Tagged(1, [WitnessSeed()])], static bytes => bytes is [<= 1, ..] && ReadWitnesses(bytes));

    private static bool ReadWitnesses(byte[] tagged)
    {
        var bytes = tagged[1..];
        if (tagged[0] == 1 && bytes.Length >= SHA256.HashSizeInBytes)
        {
            SHA256.HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes)).CopyTo(bytes, bytes.Length - SHA256.HashSizeInBytes);
        }

        if (WitnessList.TryDecode(bytes, StoreId, out var problem) is not { } witnesses)
        {
            return problem is null ? throw new BrokenLawException($"{Convert.ToHexStringLower(bytes)} is refused without a reason") : false;
        }

        var forth = witnesses.Select(witness => Highest(witness, witnesses[0])).ToList();
        var back = witnesses.Select(witness => Highest(witnesses[0], witness)).ToList();
        if (!forth.SequenceEqual(back))
        {
            throw new BrokenLawException($"{Convert.ToHexStringLower(bytes)}: joining depends on the order");
        }

        return Laws.OneEncoding(bytes, WitnessList.Encode(StoreId, witnesses));
    }

    private static (uint Generation, Fence Fence, LogPosition Position) Highest(ShardWitness left, ShardWitness right)
    {
        var highest = WitnessEntry.Highest(left, right);
        return (highest.Generation, highest.Fence, highest.Position);
    }

    private static byte[] WitnessSeed() => WitnessList.Encode(StoreId,
    [
        new ShardWitness(new ShardId("default", 7), new Fence(3), new byte[32], new LogPosition(1_000)) { Generation = 1 },
        new ShardWitness(ShardId.Directory, new Fence(2), new byte[32], new LogPosition(5)),
    ]);

    private static bool Read(byte[] bytes)
    {
        var whole = Frames(bytes, bytes.Length);
        if (!whole.SequenceEqual(Frames(bytes, 1)) || !whole.SequenceEqual(Frames(bytes, 7)))
        {
            throw new BrokenLawException($"cut, {Convert.ToHexStringLower(bytes)} reads as something else");
        }

        return whole.Count > 0 && FrameReader.TryFrame(bytes, out var size) == Reading.Whole && HasOneEncoding(bytes.AsSpan(0, size));
    }

    private static bool HasOneEncoding(ReadOnlySpan<byte> frame)
    {
        var items = frame[FrameFormat.HeadSize..];
        var reader = new FrameReader(items);
        Reading reading;
        while ((reading = reader.TryNext(out var item)) == Reading.Whole)
        {
            if (item.ProtocolVersion > FrameFormat.Version)
            {
                return true;        // a later version's greeting, which this one does not write
            }
        }

        // Longer ones are one writer's several frames.
        if (reading == Reading.Malformed || frame.Length > FrameFormat.FrameLengthTarget)
        {
            return false;
        }

        using var writer = new FrameWriter();
        _ = FrameCopy.Copy(items, writer);
        return Laws.OneEncoding(frame, writer.Finish().Span);
    }

    /// <summary>Reads what arrives in parts of one length: each frame's items, and a mark where reading ended.</summary>
    private static List<string> Frames(ReadOnlySpan<byte> bytes, int part)
    {
        var frames = new List<string>();
        using var intake = new FrameIntake(countsPayloads: true);
        while (!bytes.IsEmpty)
        {
            var room = intake.Room();
            var length = Math.Min(Math.Min(part, room.Length), bytes.Length);
            bytes[..length].CopyTo(room.Span);
            bytes = bytes[length..];
            intake.Advance(length);
            Reading reading;
            while ((reading = intake.TryTake(out var items)) == Reading.Whole)
            {
                frames.Add(Convert.ToHexString(items.Span));
            }

            if (reading == Reading.Malformed)
            {
                frames.Add("malformed");
                return frames;
            }
        }

        return frames;
    }

    private static IEnumerable<byte[]> Seeds()
    {
        var operation = new Guid(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);
        Action<FrameWriter>[] seeds =
        [
            writer => writer.Hello(),
            writer => writer.Welcome(new LinkGrant(4_096, 8 << 20, 8, 2 << 20)),
            writer => writer.Request(0, operation, new ShardId("default", 7), 1_500, "hello"u8),
            writer => writer.Request(0x10001, operation, new ShardId("d", 65_535), 1, new byte[20_000]),
            writer => writer.Done(0, "ok"u8),
            writer => writer.Failed(1, EngineErrorCode.OutboxFull, "full"),
            writer => writer.WrongOwner(2, new OwnerHint(new NodeId("node-2"), "https://b:1", new Fence(9), 300)),
            writer => writer.WrongOwner(2, new OwnerHint(default, "", default, 0)),
            writer => writer.GivenUp(3),
            writer => writer.Piece(0x10001, "abc"u8),
            writer => writer.Cancel(2),
            writer => writer.GoingAway(),
        ];
        foreach (var seed in seeds.Append(writer => Array.ForEach(seeds, each => each(writer))))
        {
            using var writer = new FrameWriter();
            seed(writer);
            yield return writer.Finish().ToArray();
        }
    }
}

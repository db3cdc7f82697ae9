using System.Buffers.Binary;
using System.Text;

namespace Kyberium.Engine.Keyring;

/// <summary>One shard's witness as bytes, with the store's generation or without. Layout: docs/formats/keyring.md section 4.</summary>
internal static class WitnessEntry
{
    internal const int TenureSize = 32;
    internal const int GroupSizeMax = 64;

    /// <summary>The largest entry.</summary>
    internal const int SizeMax = 1 + GroupSizeMax + TailSize + sizeof(uint);

    private const int TailSize = sizeof(ushort) + sizeof(long) + TenureSize + sizeof(long);

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Gets the order of shards in every list of witnesses: by group, ordinal, then by number.</summary>
    internal static Comparer<ShardId> Order { get; } = Comparer<ShardId>.Create(static (left, right) =>
    {
        var groups = string.CompareOrdinal(left.Group, right.Group);
        return groups != 0 ? groups : left.Number.CompareTo(right.Number);
    });

    /// <summary>Joins two witnesses of one shard to what both say together: neither can be lowered by the other.</summary>
    internal static ShardWitness Highest(in ShardWitness left, in ShardWitness right)
    {
        if (left.Generation != right.Generation)
        {
            return left.Generation > right.Generation ? left : right;
        }

        var newer = right.Fence.Value > left.Fence.Value ? right : left;
        return newer with { Position = new LogPosition(Math.Max(left.Position.Value, right.Position.Value)) };
    }

    /// <summary>Joins what is said to what is known of its shard.</summary>
    internal static void Raise(IDictionary<ShardId, ShardWitness> known, in ShardWitness said) =>
        known[said.Shard] = known.TryGetValue(said.Shard, out var present) ? Highest(present, said) : said;

    /// <summary>Checks what a caller gives.</summary>
    /// <exception cref="ArgumentException">A group, number, fence, tenure or position cannot be stored (caller's bug).</exception>
    internal static void Check(in ShardWitness witness)
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

    internal static int SizeOf(in ShardWitness witness, bool hasGeneration) =>
        1 + Encoding.UTF8.GetByteCount(witness.Shard.Group) + TailSize + (hasGeneration ? sizeof(uint) : 0);

    /// <summary>Writes one; gives what is left of the room.</summary>
    internal static Span<byte> Write(ShardWitness witness, bool hasGeneration, Span<byte> rest)
    {
        var groupSize = Encoding.UTF8.GetBytes(witness.Shard.Group, rest[1..]);
        rest[0] = (byte)groupSize;
        rest = rest[(1 + groupSize)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)witness.Shard.Number);
        BinaryPrimitives.WriteInt64BigEndian(rest[2..], witness.Fence.Value);
        witness.Tenure.Span.CopyTo(rest[10..]);
        BinaryPrimitives.WriteInt64BigEndian(rest[(10 + TenureSize)..], witness.Position.Value);
        rest = rest[TailSize..];
        if (hasGeneration)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, witness.Generation);
            rest = rest[sizeof(uint)..];
        }

        return rest;
    }

    /// <summary>Reads entries to the end, strictly ascending.</summary>
    /// <param name="problem">What is wrong, to be put after the name of what was read; <see langword="null"/>: nothing.</param>
    internal static List<ShardWitness> ReadAll(ReadOnlySpan<byte> rest, int count, bool hasGeneration, out string? problem)
    {
        var witnesses = new List<ShardWitness>(count);
        for (var index = 0; index < count; index++)
        {
            if (!TryRead(ref rest, hasGeneration, out var witness) || (index > 0 && Order.Compare(witnesses[^1].Shard, witness.Shard) >= 0))
            {
                problem = $"has a malformed entry {index}";
                return witnesses;
            }

            witnesses.Add(witness);
        }

        problem = rest.IsEmpty ? null : "has bytes after its last entry";
        return witnesses;
    }

    private static bool TryRead(ref ReadOnlySpan<byte> rest, bool hasGeneration, out ShardWitness witness)
    {
        witness = default;
        var tailSize = TailSize + (hasGeneration ? sizeof(uint) : 0);
        if (rest.IsEmpty || rest[0] is 0 or > GroupSizeMax || rest.Length < 1 + rest[0] + tailSize)
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

        var tail = rest.Slice(1 + rest[0], tailSize);
        rest = rest[(1 + rest[0] + tailSize)..];
        var fence = BinaryPrimitives.ReadInt64BigEndian(tail[2..]);
        var position = BinaryPrimitives.ReadInt64BigEndian(tail[(10 + TenureSize)..]);
        witness = new ShardWitness(
            new ShardId(group, BinaryPrimitives.ReadUInt16BigEndian(tail)), new Fence(fence),
            tail.Slice(10, TenureSize).ToArray(), new LogPosition(position))
        {
            Generation = hasGeneration ? BinaryPrimitives.ReadUInt32BigEndian(tail[TailSize..]) : 0,
        };
        return fence >= 0 && position >= 0;
    }
}

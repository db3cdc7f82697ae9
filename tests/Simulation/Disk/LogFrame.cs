using System.Buffers.Binary;
using Kyberium.Engine;
using Kyberium.Engine.Journal;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Disk;

/// <summary>What the log holds: <c>length32 ‖ crc32c ‖ body</c>, one frame for each thing that happened.</summary>
internal abstract record LogFrame
{
    private const int HeadSize = 8;
    private const byte StoreKind = 1;
    private const byte AcquireKind = 2;
    private const byte CommitKind = 3;

    /// <summary>The first frame: the store's id.</summary>
    internal sealed record Store(byte[] Id) : LogFrame;

    /// <summary>A shard changed owner.</summary>
    internal sealed record Acquire(ShardId Shard, Fence Fence) : LogFrame;

    /// <summary>A commit was taken.</summary>
    internal sealed record Commit(
        ShardId Shard, byte[]? Record, IReadOnlyList<(RowKey Key, byte[]? Value)> Rows, long? TruncateThrough) : LogFrame
    {
        /// <summary>Gets whether the commit only removes.</summary>
        internal bool IsEmpty => !Stored().Any();

        /// <summary>Gives the commit with one bit of its record or of a row's value flipped.</summary>
        internal Commit WithFlippedBit(SeededChoices choices)
        {
            var flipped = this with
            {
                Record = Record?.ToArray(),
                Rows = [.. Rows.Select(row => (row.Key, row.Value?.ToArray()))],
            };
            var bytes = choices.Pick(flipped.Stored().ToList());
            bytes[choices.Below(bytes.Length)] ^= (byte)(1 << choices.Below(8));
            return flipped;
        }

        private IEnumerable<byte[]> Stored() =>
            Rows.Select(row => row.Value).Prepend(Record).OfType<byte[]>().Where(bytes => bytes.Length > 0);
    }

    internal static Commit Of(JournalCommit commit) => new(
        commit.Shard, commit.Record?.ToArray(),
        [.. commit.Rows.Select(row => (new RowKey(row.Key.Kind, row.Key.Key.ToArray()), row.Value?.ToArray()))],
        commit.TruncateThrough?.Value);

    internal byte[] Encode()
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write(0L);
        switch (this)
        {
            case Store store:
                writer.Write(StoreKind);
                writer.Write(store.Id);
                break;
            case Acquire acquire:
                writer.Write(AcquireKind);
                Write(writer, acquire.Shard);
                writer.Write(acquire.Fence.Value);
                break;
            case Commit commit:
                writer.Write(CommitKind);
                Write(writer, commit.Shard);
                Write(writer, commit.Record);
                writer.Write(commit.Rows.Count);
                foreach (var (key, value) in commit.Rows)
                {
                    writer.Write((int)key.Kind);
                    Write(writer, key.Key.ToArray());
                    Write(writer, value);
                }

                writer.Write(commit.TruncateThrough ?? -1);
                break;
            default:
                throw new InvalidOperationException($"no frame is written for {GetType().Name}");
        }

        var frame = buffer.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - HeadSize);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), Crc32C.Compute(frame.AsSpan(HeadSize)));
        return frame;
    }

    /// <summary>Reads the frame at an offset.</summary>
    /// <returns><see langword="null"/> where the log ends: at its end, or where a crash cut or garbled it.</returns>
    internal static LogFrame? Read(ReadOnlySpan<byte> log, out int size)
    {
        size = 0;
        if (log.Length <= HeadSize)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(log);
        if (length <= 0 || length > log.Length - HeadSize
            || Crc32C.Compute(log.Slice(HeadSize, length)) != BinaryPrimitives.ReadUInt32BigEndian(log[4..]))
        {
            return null;
        }

        size = HeadSize + length;
        using var reader = new BinaryReader(new MemoryStream(log.Slice(HeadSize, length).ToArray()));
        return reader.ReadByte() switch
        {
            StoreKind => new Store(reader.ReadBytes(16)),
            AcquireKind => new Acquire(ReadShard(reader), new Fence(reader.ReadInt64())),
            CommitKind => ReadCommit(reader),
            var kind => throw new InvalidDataException($"frame kind {kind} with a sound checksum"),
        };
    }

    private static Commit ReadCommit(BinaryReader reader)
    {
        var shard = ReadShard(reader);
        var record = ReadBytes(reader);
        var rows = new (RowKey Key, byte[]? Value)[reader.ReadInt32()];
        for (var i = 0; i < rows.Length; i++)
        {
            var kind = (RowKind)reader.ReadInt32();
            rows[i] = (new RowKey(kind, ReadBytes(reader)), ReadBytes(reader));
        }

        var through = reader.ReadInt64();
        return new Commit(shard, record, rows, through < 0 ? null : through);
    }

    private static void Write(BinaryWriter writer, ShardId shard)
    {
        writer.Write(shard.Group);
        writer.Write(shard.Number);
    }

    private static ShardId ReadShard(BinaryReader reader) => new(reader.ReadString(), reader.ReadInt32());

    private static void Write(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        writer.Write(bytes ?? []);
    }

    private static byte[]? ReadBytes(BinaryReader reader) => reader.ReadInt32() is var length and >= 0 ? reader.ReadBytes(length) : null;
}

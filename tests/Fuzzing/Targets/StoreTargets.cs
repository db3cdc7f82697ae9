using System.Buffers.Binary;
using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What lies in the journal: the frame anybody can change, and behind its seal the facts of some version of the engine.</summary>
internal static class StoreTargets
{
    private static readonly JsonDocument Stored = JsonDocument.Parse(Laws.Vector("Vectors", "events", "v1.json"));

    /// <summary>First byte 0: a frame as it is; 1: a frame whose checksum is put right, so that the search gets past it;
    /// 2: the plaintext of a record; 3: one fact.</summary>
    internal static FuzzTarget Record { get; } = new(
        "record",
        () => [
            .. Laws.Tagged(0, [Frame()]), .. Laws.Tagged(1, [Frame()]), .. Laws.Tagged(2, [Sample("others", "record")]),
            .. Laws.Tagged(3, Samples("facts")),
        ],
        bytes => bytes.Length > 0 && bytes[0] switch
        {
            0 => ReadFrame(bytes[1..]),
            1 => ReadFrame(WithChecksum(bytes[1..])),
            2 => Refusable(() => ReadRecord(bytes[1..])),
            3 => Refusable(() => ReadFact(bytes[1..])),
            _ => false,
        });

    /// <summary>First byte 0: a snapshot of any version; 1: an outbox row; 2: an inbox row.</summary>
    internal static FuzzTarget Snapshot { get; } = new(
        "snapshot",
        () => [
            .. Laws.Tagged(0, [Sample("others", "snapshot"), Sample("others", "snapshot-3")]), .. Laws.Tagged(1, [Sample("others", "outbox-row")]),
            .. Laws.Tagged(2, [Sample("others", "inbox-row")]),
        ],
        bytes => bytes.Length > 0 && bytes[0] switch
        {
            0 => Refusable(() => ReadSnapshot(bytes[1..])),
            1 => Refusable(() => SameRow(bytes[1..], SnapshotCodec.ReadOutboxRow(bytes.AsMemory(1)), SnapshotCodec.WriteOutboxRow)),
            2 => Refusable(() => SameRow(bytes[1..], SnapshotCodec.ReadInboxRow(bytes.AsMemory(1)), SnapshotCodec.WriteInboxRow)),
            _ => false,
        });

    private static bool ReadFrame(byte[] bytes)
    {
        if (StoreFrame.Parse(bytes, out var frame) != FrameFault.None)
        {
            return false;
        }

        var parts = frame.Header.Length + frame.Ciphertext.Length + frame.Tag.Length + sizeof(uint);
        _ = frame.Check(FrameKind.Record, frame.StoreId, frame.Shard, frame.Fence);
        _ = frame.Kind == FrameKind.Record ? frame.Position.Value : frame.RowKey.Key.Length;
        return parts == bytes.Length ? true : throw new BrokenLawException("the parts of a frame are not the whole of it");
    }

    private static bool ReadRecord(byte[] bytes)
    {
        var reader = new StateReader(bytes);
        _ = reader.Byte();
        _ = reader.UInt128();
        while (!reader.IsAtEnd)
        {
            var entry = BatchRecord.ReadEntry(ref reader);
            if (entry.IsAudit)
            {
                _ = BatchRecord.ReadAudit(entry.Bytes, new ShardId("default", 0), new LogPosition(1), 0);
            }
        }

        return true;
    }

    private static bool ReadFact(byte[] bytes)
    {
        var reader = new StateReader(bytes);
        var fact = EventCodec.Read(ref reader);
        reader.End();
        var writer = new StateWriter();
        EventCodec.Write(writer, fact);
        return Laws.OneEncoding(bytes, writer.Written);
    }

    private static bool ReadSnapshot(byte[] bytes)
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")));
        var position = SnapshotCodec.Read(bytes, state, new UnixMillis(0));
        var writer = new StateWriter();
        SnapshotCodec.Write(
            writer, state, new StepInput(new UnixMillis(0), new MonotonicMillis(0), Engine.Cryptography.SystemEntropy.Instance), position);
        var written = writer.Written.ToArray();
        var again = new PeerState(state.Key);
        _ = SnapshotCodec.Read(written, again, new UnixMillis(0));
        for (var i = 0; i < state.Pins.Count; i++)
        {
            var (before, after) = (state.Pins[i], again.Pins[i]);
            if ((before.Fingerprint, before.Suites, before.Proved) != (after.Fingerprint, after.Suites, after.Proved) || !after.Document.IsEmpty)
            {
                throw new BrokenLawException("a pin is another when its snapshot is written again");
            }
        }

        return true;
    }

    private static bool SameRow<T>(byte[] bytes, T message, Action<StateWriter, T> write)
    {
        var writer = new StateWriter();
        write(writer, message);
        return Laws.OneEncoding(bytes, writer.Written);
    }

    // Authenticated before it is read: what does not fit is another version's, and is told by this exception and no other.
    private static bool Refusable(Func<bool> read)
    {
        try
        {
            return read();
        }
        catch (StateFormatException)
        {
            return false;
        }
    }

    private static byte[] WithChecksum(byte[] bytes)
    {
        if (bytes.Length >= Crc32C.Size)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - Crc32C.Size), Crc32C.Compute(bytes.AsSpan(..^Crc32C.Size)));
        }

        return bytes;
    }

    private static byte[] Frame()
    {
        var shard = new ShardId("default", 7);
        var extent = new ShardExtent(new Fence(3), new LogPosition(0), new LogPosition(4));
        using var key = new DataKey(1, 0, Engine.Cryptography.SecretBytes.CopyOf(new byte[32]));
        using var sealer = new ShardSealer(new byte[16], shard, extent, key, new byte[32], new byte[16]);
        return sealer.SealRecord(extent.End.Next, "facts"u8, 1_700_000_000_000);
    }

    private static IEnumerable<byte[]> Samples(string part) => Stored.RootElement.GetProperty(part).EnumerateObject()
        .Select(entry => Convert.FromHexString(entry.Value.GetString()!));

    private static byte[] Sample(string part, string name) =>
        Convert.FromHexString(Stored.RootElement.GetProperty(part).GetProperty(name).GetString()!);
}

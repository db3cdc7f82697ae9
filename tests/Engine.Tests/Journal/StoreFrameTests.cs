using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Journal;

public sealed partial class StoreFrameTests
{
    private static readonly byte[] Tenure = [.. Enumerable.Range(0x40, 32).Select(i => (byte)i)];

    /// <summary>The example of docs/formats/journal.md is what the code writes: inputs stand there, bytes are compared.</summary>
    [Fact]
    public void Frames_are_those_of_the_format_document()
    {
        using var sealer = ExampleSealer();
        var record = sealer.SealRecord(new LogPosition(5), "events"u8, 1_700_000_000_000);
        var row = sealer.SealRow(new RowKey(RowKind.Peer, new byte[] { 0xbe, 0xef }), "snapshot"u8, 1_700_000_000_000);

        var examples = HexBlock().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/formats/journal.md")))
            .Select(block => string.Concat(block.Groups[1].Value.Split('\n').Select(line => line.Split('#')[0].Replace(" ", "", StringComparison.Ordinal))))
            .ToList();

        Assert.Equal([Convert.ToHexStringLower(record), Convert.ToHexStringLower(row)], examples);
    }

    [Fact]
    public void A_parsed_frame_shows_what_was_sealed()
    {
        using var sealer = ExampleSealer();
        var bytes = sealer.SealRecord(new LogPosition(5), "events"u8, 1_700_000_000_000);

        Assert.Equal(FrameFault.None, StoreFrame.Parse(bytes, out var frame));
        Assert.Equal(FrameKind.Record, frame.Kind);
        Assert.Equal(new LogPosition(5), frame.Position);
        Assert.Equal(new Fence(3), frame.Fence);
        Assert.Equal(2u, frame.DataKeyNumber);
        Assert.Equal(0ul, frame.Counter);
        Assert.Equal(1_700_000_000_000, frame.UnixMillis);
        Assert.Equal(SealedShard.StoreId, frame.StoreId.ToArray());
        Assert.Equal(Tenure, frame.Tenure.ToArray());
        Assert.Equal(ShardBytes.Of(SealedShard.Id), frame.Shard.ToArray());
        Assert.Equal(Enumerable.Repeat((byte)0xcc, 16), frame.PreviousTag.ToArray());
        Assert.Equal(6, frame.Ciphertext.Length);
        Assert.Equal(sealer.LastTag.ToArray(), frame.Tag.ToArray());
        Assert.DoesNotContain("events", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_flipped_bit_is_found_without_keys()
    {
        using var sealer = ExampleSealer();
        foreach (var bytes in new[]
        {
            sealer.SealRecord(new LogPosition(5), "events"u8, 1),
            sealer.SealRow(new RowKey(RowKind.Outbox, new byte[24]), "row"u8, 1),
        })
        {
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.Equal(FrameFault.ChecksumMismatch, StoreFrame.Parse(bytes, out _));
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.Equal(FrameFault.None, StoreFrame.Parse(bytes, out _));
        }
    }

    [Fact]
    public void Every_cut_and_every_extension_is_found()
    {
        using var sealer = ExampleSealer();
        var bytes = sealer.SealRecord(new LogPosition(5), new byte[300], 1);

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.NotEqual(FrameFault.None, StoreFrame.Parse(bytes.AsMemory(0, length), out _));
        }

        Assert.NotEqual(FrameFault.None, StoreFrame.Parse((byte[])[.. bytes, 0], out _));
    }

    /// <summary>Goal: a header that lies with a right checksum is judged by bounds, never by trust. Method: random changes of one
    /// to four header bytes, checksum made good; a frame that still parses must give slices that fill it exactly.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Lying_headers_never_throw_and_never_overlap(int seed)
    {
        var random = new Random(seed);
        using var sealer = ExampleSealer();
        byte[][] originals = [
            sealer.SealRecord(new LogPosition(5), new byte[random.Next(200)], 1),
            sealer.SealRow(new RowKey(RowKind.Inbox, new byte[random.Next(65)]), new byte[random.Next(200)], 1),
        ];
        var faults = new HashSet<FrameFault>();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])originals[i % 2].Clone();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes[random.Next(Math.Min(bytes.Length - 4, 130))] = (byte)random.Next(256);
            }

            Reseal(bytes);
            var fault = StoreFrame.Parse(bytes, out var frame);
            faults.Add(fault);
            if (fault == FrameFault.None)
            {
                Assert.Equal(bytes.Length, frame.Header.Length + frame.Ciphertext.Length + frame.Tag.Length + Crc32C.Size);
            }
        }

        FrameFault[] expected =
            [FrameFault.None, FrameFault.NotAFrame, FrameFault.VersionUnsupported, FrameFault.LengthMismatch, FrameFault.HeaderMalformed];
        Assert.Superset(expected.ToHashSet(), faults);
    }

    [Fact]
    public void A_newer_version_is_told_from_damage()
    {
        using var sealer = ExampleSealer();
        var bytes = sealer.SealRecord(new LogPosition(5), "x"u8, 1);

        bytes[StoreFrame.VersionOffset]++;
        Assert.Equal(FrameFault.ChecksumMismatch, StoreFrame.Parse(bytes, out _));
        Reseal(bytes);
        Assert.Equal(FrameFault.VersionUnsupported, StoreFrame.Parse(bytes, out _));
    }

    /// <summary>Check values: RFC 3720 appendix B.4, and the usual "123456789".</summary>
    [Theory]
    [InlineData("313233343536373839", 0xe3069283)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8a9136aa)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x62a8ab43)]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0x46dd794e)]
    public void The_checksum_is_crc32c(string hex, uint expected) =>
        Assert.Equal(expected, Crc32C.Compute(Convert.FromHexString(hex)));

    [Theory, InlineData("", 0), InlineData("g", -1), InlineData("g", 65_536)]
    public void Shards_outside_the_format_are_refused(string group, int number) =>
        Assert.Throws<ArgumentException>(() => ShardBytes.Of(new ShardId(group, number)));

    [Fact]
    public void A_position_and_what_holds_it_print() =>
        Assert.Equal("JournalRecord { Position = 7, Bytes = System.ReadOnlyMemory<Byte>[0] }", new JournalRecord(new LogPosition(7), default).ToString());

    internal static void Reseal(byte[] frame) => System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
        frame.AsSpan(^Crc32C.Size..), Crc32C.Compute(frame.AsSpan(..^Crc32C.Size)));

    private static ShardSealer ExampleSealer()
    {
        using var dataKey = new DataKey(2, 0, SecretBytes.CopyOf([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        return new ShardSealer(
            SealedShard.StoreId, SealedShard.Id, new ShardExtent(new Fence(3), default, new LogPosition(4)), dataKey,
            Tenure, [.. Enumerable.Repeat((byte)0xcc, 16)]);
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex HexBlock();
}

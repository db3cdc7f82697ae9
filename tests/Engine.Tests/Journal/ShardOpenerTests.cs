using System.Text;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Journal;

public sealed class ShardOpenerTests
{
    [Fact]
    public async Task Records_and_rows_of_several_tenures_open()
    {
        var journal = new InMemoryJournal(SealedShard.StoreId);
        SealedShard shard = null!;
        for (byte tenure = 1; tenure <= 20; tenure++)
        {
            shard = await SealedShard.StartAsync(journal, tenure: tenure);
            await shard.AppendAsync($"record {tenure}", shard.SealRow(RowKind.Peer, tenure, $"row {tenure}"));
        }

        using var opener = shard.NewOpener();
        var opened = new List<string>();
        foreach (var record in await shard.RecordsAsync())
        {
            var result = await opener.OpenRecordAsync(record, default);
            Assert.Equal(SealedShard.Now + result.Position.Value, result.UnixMillis);
            opened.Add(Encoding.UTF8.GetString(result.Plaintext.Span));
        }

        await foreach (var row in journal.ReadRowsAsync(SealedShard.Id, RowKind.Peer, default))
        {
            opened.Add(Encoding.UTF8.GetString((await opener.OpenRowAsync(row, default)).Span));
        }

        Assert.Equal(
            [.. Enumerable.Range(1, 20).Select(i => $"record {i}"), .. Enumerable.Range(1, 20).Select(i => $"row {i}")], opened);
        Assert.Equal(shard.Sealer.LastTag.ToArray(), opener.LastTag.ToArray());
        Assert.Equal(shard.Sealer.End, opener.End);
    }

    [Fact]
    public async Task Large_and_empty_plaintexts_open()
    {
        await using var shard = await SealedShard.StartAsync();
        var large = new string('x', 3 << 20);
        await shard.AppendAsync(large);
        await shard.AppendAsync("");

        using var opener = shard.NewOpener();
        var records = await shard.RecordsAsync();
        Assert.Equal(large, Encoding.UTF8.GetString((await opener.OpenRecordAsync(records[0], default)).Plaintext.Span));
        Assert.Equal(0, (await opener.OpenRecordAsync(records[1], default)).Plaintext.Length);
    }

    [Fact]
    public async Task A_key_and_nonce_never_meet_twice()
    {
        await using var shard = await SealedShard.StartAsync();
        var counters = new HashSet<ulong>();
        for (var i = 1; i <= 50; i++)
        {
            var record = shard.Sealer.SealRecord(new LogPosition(i), "same"u8, 1);
            var row = shard.Sealer.SealRow(new RowKey(RowKind.Peer, new byte[1]), "same"u8, 1);
            foreach (var bytes in new[] { record, row })
            {
                Assert.Equal(FrameFault.None, StoreFrame.Parse(bytes, out var frame));
                Assert.True(counters.Add(frame.Counter), $"counter {frame.Counter} was used twice");
            }
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Another_tenure_or_fence_gives_another_key(bool changeTenure)
    {
        await using var shard = await SealedShard.StartAsync();
        using var other = new ShardSealer(
            SealedShard.StoreId, SealedShard.Id, changeTenure ? shard.Extent : shard.Extent with { Fence = new Fence(9) },
            shard.Keys.Current, [.. Enumerable.Repeat(changeTenure ? (byte)0x12 : (byte)0x11, 32)], new byte[16]);

        StoreFrame.Parse(shard.Sealer.SealRecord(new LogPosition(1), "same"u8, 1), out var one);
        StoreFrame.Parse(other.SealRecord(new LogPosition(1), "same"u8, 1), out var two);

        Assert.Equal(one.Counter, two.Counter);
        Assert.False(one.Ciphertext.SequenceEqual(two.Ciphertext));
    }

    [Fact]
    public async Task Records_swapped_dropped_repeated_or_put_back_are_found()
    {
        await using var shard = await SealedShard.StartAsync();
        for (var i = 1; i <= 4; i++)
        {
            await shard.AppendAsync($"record {i}");
        }

        var r = await shard.RecordsAsync();
        await FailsAsync(shard, FrameFault.OtherPlace, [r[0], r[1] with { Bytes = r[2].Bytes }]);
        await FailsAsync(shard, FrameFault.PositionGap, [r[0], r[2]]);
        await FailsAsync(shard, FrameFault.PositionGap, [r[0], r[0]]);

        // An old record of the same position, sealed by an earlier tenure over another history: authentic, but not the successor.
        using var earlier = new ShardSealer(
            SealedShard.StoreId, SealedShard.Id, shard.Extent, shard.Keys.Current, new byte[32], new byte[16]);
        earlier.SealRecord(new LogPosition(1), "other"u8, 1);
        var stale = new JournalRecord(new LogPosition(2), earlier.SealRecord(new LogPosition(2), "stale"u8, 1));
        await FailsAsync(shard, FrameFault.ChainBroken, [r[0], stale]);
    }

    [Fact]
    public async Task A_tail_must_follow_the_tag_its_checkpoint_kept()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("one");
        var tag = shard.Sealer.LastTag.ToArray();
        await shard.AppendAsync("two");
        var second = (await shard.RecordsAsync())[1];

        using var opener = shard.NewOpener();
        opener.BeginAfter(new LogPosition(1), tag);
        Assert.Equal(FrameFault.None, (await opener.TryOpenRecordAsync(second, default)).Fault);
        opener.BeginAfter(new LogPosition(1), []);
        Assert.Equal(FrameFault.None, (await opener.TryOpenRecordAsync(second, default)).Fault);
        opener.BeginAfter(new LogPosition(1), new byte[16]);
        Assert.Equal(FrameFault.ChainBroken, (await opener.TryOpenRecordAsync(second, default)).Fault);
    }

    [Fact]
    public async Task Frames_of_other_shards_stores_kinds_and_fences_are_refused()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("one", shard.SealRow(RowKind.Peer, 1, "row"));
        var record = (await shard.RecordsAsync()).Single();
        var row = await shard.Journal.ReadRowsAsync(SealedShard.Id, RowKind.Peer, default).SingleAsync();

        using var otherShard = shard.NewOpener(shard: new ShardId("default", 8));
        using var otherStore = shard.NewOpener(storeId: new byte[16]);
        using var lowerFence = shard.NewOpener(fenceMax: default(Fence));
        using var own = shard.NewOpener();
        Assert.Equal(FrameFault.OtherShard, (await otherShard.TryOpenRecordAsync(record, default)).Fault);
        Assert.Equal(FrameFault.OtherStore, (await otherStore.TryOpenRecordAsync(record, default)).Fault);
        Assert.Equal(FrameFault.FenceOutOfOrder, (await lowerFence.TryOpenRecordAsync(record, default)).Fault);
        Assert.Equal(FrameFault.OtherKind, (await own.TryOpenRecordAsync(record with { Bytes = row.Value }, default)).Fault);
        Assert.Equal(FrameFault.OtherKind, (await own.TryOpenRowAsync(row with { Value = record.Bytes }, default)).Fault);
        Assert.Equal(FrameFault.OtherPlace, (await own.TryOpenRowAsync(
            row with { Key = new RowKey(RowKind.Peer, new byte[] { 2 }) }, default)).Fault);
        Assert.Equal(FrameFault.OtherPlace, (await own.TryOpenRowAsync(
            row with { Key = new RowKey(RowKind.Inbox, row.Key.Key) }, default)).Fault);
    }

    /// <summary>Goal: a deposed owner says that it is one, not that the store is damaged. Method: it reads what its successor wrote, and what says that a
    /// later owner wrote it of whom the journal knows nothing.</summary>
    [Fact]
    public async Task What_a_successor_wrote_tells_a_deposed_owner_so_and_a_fence_that_nobody_holds_is_damage()
    {
        var journal = new InMemoryJournal(SealedShard.StoreId);
        var deposed = await SealedShard.StartAsync(journal);
        await deposed.AppendAsync("first");
        using var early = deposed.NewOpener();
        var owner = await SealedShard.StartAsync(journal, tenure: 0x22);
        await owner.AppendAsync("second", owner.SealRow(RowKind.Peer, 1, "row"));
        var records = await owner.RecordsAsync();
        var row = await journal.ReadRowsAsync(SealedShard.Id, RowKind.Peer, default).SingleAsync();
        using var forger = new ShardSealer(
            journal.StoreId, SealedShard.Id, owner.Extent with { Fence = new Fence(owner.Extent.Fence.Value + 1) }, owner.Keys.Current,
            [.. Enumerable.Repeat((byte)0x33, 32)], owner.Sealer.LastTag);
        var impossible = new JournalRow(row.Key, forger.SealRow(row.Key, "row"u8, SealedShard.Now));

        await FailsAsync(EngineErrorCode.ShardFenced, async () => await early.OpenRowAsync(row, default));
        await FailsAsync(EngineErrorCode.JournalCorrupt, async () => await early.OpenRowAsync(impossible, default));
        await FailsAsync(EngineErrorCode.JournalCorrupt, async () => await early.OpenRowAsync(new JournalRow(row.Key, Flipped(row.Value)), default));
        await FailsAsync(EngineErrorCode.ShardFenced, async () => await early.OpenRecordAsync(records[1], default));      // the first was cut off meanwhile
        await early.OpenRecordAsync(records[0], default);
        await FailsAsync(EngineErrorCode.ShardFenced, async () => await early.OpenRecordAsync(records[1], default));

        using var current = owner.NewOpener();
        await FailsAsync(EngineErrorCode.JournalCorrupt, async () => await current.OpenRowAsync(impossible, default));
        await FailsAsync(EngineErrorCode.JournalCorrupt, async () => await current.OpenRecordAsync(records[1], default));
        Assert.Equal("row", Encoding.UTF8.GetString((await current.OpenRowAsync(row, default)).Span));
    }

    private static byte[] Flipped(ReadOnlyMemory<byte> bytes)
    {
        var flipped = bytes.ToArray();
        flipped[^1] ^= 1;
        return flipped;
    }

    private static async Task FailsAsync(EngineErrorCode code, Func<Task> read) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<EngineException>(read)).Code);

    [Fact]
    public async Task Every_changed_byte_fails_to_open_even_under_a_good_checksum()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("one");
        var record = (await shard.RecordsAsync()).Single();

        for (var i = 0; i < record.Bytes.Length - Crc32C.Size; i++)
        {
            var forged = record.Bytes.ToArray();
            forged[i] ^= 1;
            StoreFrameTests.Reseal(forged);
            using var opener = shard.NewOpener(fenceMax: new Fence(long.MaxValue));
            Assert.NotEqual(FrameFault.None, (await opener.TryOpenRecordAsync(record with { Bytes = forged }, default)).Fault);
        }
    }

    [Fact]
    public async Task The_error_names_the_place_and_what_to_run()
    {
        await using var shard = await SealedShard.StartAsync();
        await shard.AppendAsync("one");
        var record = (await shard.RecordsAsync()).Single();
        var damaged = record.Bytes.ToArray();
        damaged[^10] ^= 0x10;
        using var opener = shard.NewOpener();

        var failure = await Assert.ThrowsAsync<EngineException>(async () =>
            await opener.OpenRecordAsync(record with { Bytes = damaged }, default));

        Assert.Equal(EngineErrorCode.JournalCorrupt, failure.Code);
        Assert.Contains("record 1 of shard default/7", failure.Message, StringComparison.Ordinal);
        Assert.Contains("kyberium inspect --verify <data-dir>", failure.Message, StringComparison.Ordinal);

        damaged = record.Bytes.ToArray();
        damaged[StoreFrame.VersionOffset] = 2;
        StoreFrameTests.Reseal(damaged);
        failure = await Assert.ThrowsAsync<EngineException>(async () =>
            await opener.OpenRecordAsync(record with { Bytes = damaged }, default));
        Assert.Equal(EngineErrorCode.JournalVersionUnsupported, failure.Code);
    }

    [Fact]
    public async Task Sealing_out_of_order_is_a_broken_invariant()
    {
        await using var shard = await SealedShard.StartAsync();
        Assert.Throws<Kyberium.Engine.Diagnostics.InvariantViolatedException>(() => shard.Sealer.SealRecord(new LogPosition(2), "x"u8, 1));
    }

    private static async Task FailsAsync(SealedShard shard, FrameFault expected, JournalRecord[] records)
    {
        using var opener = shard.NewOpener();
        foreach (var record in records[..^1])
        {
            await opener.OpenRecordAsync(record, default);
        }

        Assert.Equal(expected, (await opener.TryOpenRecordAsync(records[^1], default)).Fault);
    }
}

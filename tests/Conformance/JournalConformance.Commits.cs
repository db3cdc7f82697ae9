using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task A_store_has_an_id_of_16_bytes_and_says_what_it_is()
    {
        Assert.Equal(16, Journal.StoreId.Length);
        Assert.NotEqual(new byte[16], Journal.StoreId.ToArray());
        Assert.NotEmpty(Journal.Description);

        await using var other = await CreateStoreAsync();
        await using var otherJournal = await other.OpenAsync();
        Assert.NotEqual(Journal.StoreId.ToArray(), otherJournal.StoreId.ToArray());
    }

    [Fact]
    public async Task A_shard_nobody_acquired_is_empty()
    {
        Assert.Equal(default, await Journal.ReadExtentAsync(ShardA));
        Assert.Empty(await RecordsAsync(ShardA));
        Assert.Empty(await RowsAsync(ShardA, RowKind.Peer));
        Assert.Null(await RowAsync(ShardA, RowKind.Peer, [1]));
        Assert.Empty(await Journal.ReadShardsAsync().ToListAsync());
        Assert.Equal(0, Journal.TailBytes);
    }

    [Fact]
    public async Task Records_come_back_in_order_without_gaps()
    {
        await AppendManyAsync(ShardA, 50);

        await AssertRecordsAsync(ShardA, 1, 50);
        Assert.Equal(Enumerable.Range(31, 20).Select(i => (long)i), (await RecordsAsync(ShardA, 30)).Select(r => r.Position.Value));
        Assert.Empty(await RecordsAsync(ShardA, 50));
        Assert.Equal(new LogPosition(50), (await Journal.ReadExtentAsync(ShardA)).End);
    }

    [Fact]
    public async Task A_position_that_is_not_the_next_is_refused_and_changes_nothing()
    {
        var fence = await AppendManyAsync(ShardA, 3);

        foreach (var position in new long[] { 0, 3, 5 })
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await Journal.CommitAsync(
                Append(ShardA, fence, position, RecordBytes(position), [Put(RowKind.Peer, [1], [2])])));
            await Journal.ReadExtentAsync(ShardA);
        }

        await AssertRecordsAsync(ShardA, 1, 3);
        Assert.Empty(await RowsAsync(ShardA, RowKind.Peer));
    }

    [Fact]
    public async Task Record_rows_and_truncation_take_effect_together()
    {
        var fence = await AppendManyAsync(ShardA, 4);

        await Journal.CommitAsync(Append(
            ShardA, fence, 5, RecordBytes(5), [Put(RowKind.Peer, [1], [9]), Put(RowKind.Shard, [], [7])], truncateThrough: 4));

        await AssertRecordsAsync(ShardA, 5, 5);
        Assert.Equal("09", await RowAsync(ShardA, RowKind.Peer, [1]));
        Assert.Equal("07", await RowAsync(ShardA, RowKind.Shard, []));
        Assert.Equal(new ShardExtent(fence, new LogPosition(4), new LogPosition(5)), await Journal.ReadExtentAsync(ShardA));
    }

    [Fact]
    public async Task A_commit_of_rows_alone_leaves_the_log_as_it_is()
    {
        var fence = await AppendManyAsync(ShardA, 2);

        await Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Inbox, [1, 2], [3])));

        Assert.Equal("03", await RowAsync(ShardA, RowKind.Inbox, [1, 2]));
        await AssertRecordsAsync(ShardA, 1, 2);
    }

    [Fact]
    public async Task A_commit_of_nothing_succeeds_under_the_current_fence_only()
    {
        var old = (await Journal.AcquireAsync(ShardA)).Fence;
        await Journal.CommitAsync(RowsOnly(ShardA, old));

        await Journal.AcquireAsync(ShardA);
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(RowsOnly(ShardA, old)));
    }

    [Fact]
    public async Task Truncation_drops_records_and_keeps_the_end()
    {
        var fence = await AppendManyAsync(ShardA, 10);
        var tailBefore = Journal.TailBytes;

        await Journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(7) });
        await AssertRecordsAsync(ShardA, 8, 10);
        Assert.True(Journal.TailBytes < tailBefore, $"the tail was {tailBefore} bytes and is {Journal.TailBytes}");

        await Journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(10) });
        Assert.Empty(await RecordsAsync(ShardA));
        Assert.Equal(0, Journal.TailBytes);
        Assert.Equal(new ShardExtent(fence, new LogPosition(10), new LogPosition(10)), await Journal.ReadExtentAsync(ShardA));

        await Journal.CommitAsync(Append(ShardA, fence, 11, RecordBytes(11)));
        await AssertRecordsAsync(ShardA, 11, 11);
    }

    [Fact]
    public async Task Truncation_never_moves_back()
    {
        var fence = await AppendManyAsync(ShardA, 6);
        await Journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(4) });

        await Journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(2) });

        Assert.Equal(new LogPosition(4), (await Journal.ReadExtentAsync(ShardA)).TruncatedThrough);
        await AssertRecordsAsync(ShardA, 5, 6);
    }

    [Fact]
    public async Task A_truncation_may_include_the_record_of_its_own_commit_but_nothing_beyond()
    {
        var fence = await AppendManyAsync(ShardA, 2);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Journal.CommitAsync(
            Append(ShardA, fence, 3, RecordBytes(3), truncateThrough: 4)));
        await Journal.ReadExtentAsync(ShardA);
        await AssertRecordsAsync(ShardA, 1, 2);

        await Journal.CommitAsync(Append(ShardA, fence, 3, RecordBytes(3), truncateThrough: 3));
        Assert.Empty(await RecordsAsync(ShardA));
        Assert.Equal(new ShardExtent(fence, new LogPosition(3), new LogPosition(3)), await Journal.ReadExtentAsync(ShardA));
    }

    [Fact]
    public async Task Records_and_rows_of_8_MiB_and_of_0_bytes_are_kept_whole()
    {
        const int large = 8 << 20;
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        var value = RecordBytes(77, large);

        await Journal.CommitAsync(Append(ShardA, fence, 1, RecordBytes(1, large), [Put(RowKind.Chunk, [5], value)]));
        await Journal.CommitAsync(Append(ShardA, fence, 2, [], [Put(RowKind.Chunk, [6], [])]));

        var records = await RecordsAsync(ShardA);
        Assert.Equal(2, records.Count);
        Assert.True(records[0].Bytes.Span.SequenceEqual(RecordBytes(1, large)));
        Assert.Equal(0, records[1].Bytes.Length);
        Assert.True((await Journal.ReadRowAsync(ShardA, new RowKey(RowKind.Chunk, new byte[] { 5 })))!.Value.Span.SequenceEqual(value));
        Assert.Equal("", await RowAsync(ShardA, RowKind.Chunk, [6]));
    }

    [Fact]
    public async Task Buffers_may_be_reused_once_the_commit_completed()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        byte[] record = [1, 2, 3], key = [4], value = [5];

        await Journal.CommitAsync(Append(ShardA, fence, 1, record, [new RowChange(new RowKey(RowKind.Peer, key), value)]));
        record[0] = key[0] = value[0] = 0xff;

        Assert.Equal([1, 2, 3], (await RecordsAsync(ShardA)).Single().Bytes.ToArray());
        Assert.Equal([("04", "05")], await RowsAsync(ShardA, RowKind.Peer));
    }

    [Fact]
    public async Task A_cancelled_commit_leaves_nothing_and_what_follows_it_fails()
    {
        var fence = await AppendManyAsync(ShardA, 1);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Journal.CommitAsync(Append(ShardA, fence, 2, RecordBytes(2), [Put(RowKind.Peer, [1], [1])]), cancelled));
        await FailsAsync(EngineErrorCode.JournalUnavailable, () =>
            Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Peer, [2], [2]))));

        Assert.Equal(new LogPosition(1), (await Journal.ReadExtentAsync(ShardA)).End);
        Assert.Empty(await RowsAsync(ShardA, RowKind.Peer));
        await Journal.CommitAsync(Append(ShardA, fence, 2, RecordBytes(2)));
        await AssertRecordsAsync(ShardA, 1, 2);
    }

    [Fact]
    public async Task Cancellation_while_commits_run_leaves_each_whole_or_absent()
    {
        // Goal: the log stays gapless and each row agrees with its record, wherever the cancellation falls.
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        using var cancellation = new CancellationTokenSource();
        var outcomes = new List<Task>();
        for (var position = 1; position <= 200; position++)
        {
            outcomes.Add(Journal.CommitAsync(
                Append(ShardA, fence, position, RecordBytes(position), [Put(RowKind.Audit, [(byte)position], [(byte)position])]),
                cancellation.Token).AsTask());
            if (position == 120)
            {
                await cancellation.CancelAsync();
            }
        }

        await Task.WhenAll(outcomes).ContinueWith(_ => { }, TaskScheduler.Default);
        var succeeded = outcomes.TakeWhile(o => o.IsCompletedSuccessfully).Count();
        Assert.InRange(succeeded, 0, 120);
        Assert.DoesNotContain(outcomes.Skip(succeeded), o => o.IsCompletedSuccessfully);
        await AssertRecordsAsync(ShardA, 1, succeeded);
        Assert.Equal(succeeded, (await RowsAsync(ShardA, RowKind.Audit)).Count);
    }
}

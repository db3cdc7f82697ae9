using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Reopening_keeps_everything()
    {
        var id = Journal.StoreId.ToArray();
        var fence = await AppendManyAsync(ShardA, 12);
        await Journal.CommitAsync(Append(
            ShardA, fence, 13, RecordBytes(13), [Put(RowKind.Peer, [1], [1]), Delete(RowKind.Peer, [1]), Put(RowKind.Peer, [2], [2])], 5));
        await AppendManyAsync(ShardB, 3);
        var tail = Journal.TailBytes;

        await ReopenAsync();

        Assert.Equal(id, Journal.StoreId.ToArray());
        Assert.Equal(new ShardExtent(fence, new LogPosition(5), new LogPosition(13)), await Journal.ReadExtentAsync(ShardA));
        await AssertRecordsAsync(ShardA, 6, 13);
        await AssertRecordsAsync(ShardB, 1, 3);
        Assert.Equal([("02", "02")], await RowsAsync(ShardA, RowKind.Peer));
        Assert.Equal(2, (await Journal.ReadShardsAsync().ToListAsync()).Count);
        await Journal.AcquireAsync(ShardA);
        await Journal.AcquireAsync(ShardB);
        Assert.Equal(tail, Journal.TailBytes);
    }

    [Fact]
    public async Task Reopening_an_empty_tail_keeps_the_end()
    {
        var fence = await AppendManyAsync(ShardA, 4);
        await Journal.CommitAsync(new JournalCommit { Shard = ShardA, Fence = fence, TruncateThrough = new LogPosition(4) });

        await ReopenAsync();

        Assert.Equal(new ShardExtent(fence, new LogPosition(4), new LogPosition(4)), await Journal.ReadExtentAsync(ShardA));
        var taken = await Journal.AcquireAsync(ShardA);
        Assert.True(taken.Fence.Value > fence.Value);
        await Journal.CommitAsync(Append(ShardA, taken.Fence, 5, RecordBytes(5)));
        await AssertRecordsAsync(ShardA, 5, 5);
    }

    [Fact]
    public async Task Fences_rise_across_reopening()
    {
        var last = 0L;
        for (var i = 0; i < 4; i++)
        {
            var extent = await Journal.AcquireAsync(ShardA);
            Assert.True(extent.Fence.Value > last);
            last = extent.Fence.Value;
            await ReopenAsync();
        }
    }

    [Fact]
    public async Task A_disposed_journal_refuses_calls()
    {
        var fence = await AppendManyAsync(ShardA, 1);
        var disposed = Journal;
        await ReopenAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await disposed.CommitAsync(Append(ShardA, fence, 2, RecordBytes(2))));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await disposed.AcquireAsync(ShardA));
        await disposed.DisposeAsync();   // a second disposal is harmless
        await AssertRecordsAsync(ShardA, 1, 1);
    }

    [Fact]
    public async Task Disposal_finishes_the_commits_it_took()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        var outstanding = Enumerable.Range(1, 100)
            .Select(position => Journal.CommitAsync(Append(ShardA, fence, position, RecordBytes(position))).AsTask())
            .ToArray();

        await ReopenAsync();

        await Task.WhenAll(outstanding);
        await AssertRecordsAsync(ShardA, 1, 100);
    }
}

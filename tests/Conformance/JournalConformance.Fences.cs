using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Each_acquisition_raises_the_fence_and_keeps_the_log()
    {
        var first = await Journal.AcquireAsync(ShardA);
        await Journal.CommitAsync(Append(ShardA, first.Fence, 1, RecordBytes(1)));

        var second = await Journal.AcquireAsync(ShardA);

        Assert.Equal(1, first.Fence.Value);
        Assert.Equal(2, second.Fence.Value);
        Assert.Equal(new LogPosition(1), second.End);
        Assert.Equal(second, await Journal.ReadExtentAsync(ShardA));
    }

    [Fact]
    public async Task A_shard_is_taken_over_again_only_under_the_fence_it_was_held_under()
    {
        var first = await Journal.AcquireAsync(ShardA);
        await Journal.CommitAsync(Append(ShardA, first.Fence, 1, RecordBytes(1)));
        var again = await Journal.AcquireAsync(ShardA, first.Fence);
        Assert.Equal((2, new LogPosition(1)), (again.Fence.Value, again.End));

        await FailsAsync(EngineErrorCode.ShardFenced, async () => await Journal.AcquireAsync(ShardA, first.Fence));
        await FailsAsync(EngineErrorCode.ShardFenced, async () => await Journal.AcquireAsync(ShardA, new Fence(3)));
        await FailsAsync(EngineErrorCode.ShardFenced, async () => await Journal.AcquireAsync(ShardB, new Fence(1)));

        Assert.Equal(again, await Journal.ReadExtentAsync(ShardA));
        await Journal.CommitAsync(Append(ShardA, again.Fence, 2, RecordBytes(2)));      // those who were refused took nothing
        Assert.Equal(1, (await Journal.AcquireAsync(ShardB, default(Fence))).Fence.Value);
    }

    [Fact]
    public async Task Of_owners_that_take_a_shard_over_again_at_once_one_gets_it()
    {
        var held = (await Journal.AcquireAsync(ShardA)).Fence;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            try
            {
                return (await Journal.AcquireAsync(ShardA, held)).Fence.Value;
            }
            catch (EngineException lost) when (lost.Code == EngineErrorCode.ShardFenced)
            {
                return 0;
            }
        })));

        Assert.Equal([2L], outcomes.Where(static fence => fence != 0));
    }

    [Fact]
    public async Task An_old_fence_changes_nothing()
    {
        var old = await AppendManyAsync(ShardA, 3);
        var current = (await Journal.AcquireAsync(ShardA)).Fence;

        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(
            Append(ShardA, old, 4, RecordBytes(4), [Put(RowKind.Peer, [1], [1])], truncateThrough: 2)));
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(RowsOnly(ShardA, old, Put(RowKind.Peer, [1], [1]))));

        await AssertRecordsAsync(ShardA, 1, 3);
        Assert.Empty(await RowsAsync(ShardA, RowKind.Peer));
        await Journal.CommitAsync(Append(ShardA, current, 4, RecordBytes(4)));   // the old owner's failures do not touch the new one
        await AssertRecordsAsync(ShardA, 1, 4);
    }

    [Fact]
    public async Task A_fence_never_given_out_is_refused()
    {
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(Append(ShardA, default, 1, RecordBytes(1))));
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(Append(ShardA, new Fence(1), 1, RecordBytes(1))));

        var extent = await Journal.AcquireAsync(ShardA);
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(
            Append(ShardA, new Fence(extent.Fence.Value + 1), 1, RecordBytes(1))));
        Assert.Empty(await RecordsAsync(ShardA));
    }

    [Fact]
    public async Task Fences_of_shards_are_independent()
    {
        var a = (await Journal.AcquireAsync(ShardA)).Fence;
        var b = (await Journal.AcquireAsync(ShardB)).Fence;
        await Journal.AcquireAsync(ShardB);

        await Journal.CommitAsync(Append(ShardA, a, 1, RecordBytes(1)));
        await FailsAsync(EngineErrorCode.ShardFenced, () => Journal.CommitAsync(Append(ShardB, b, 1, RecordBytes(1))));
    }

    [Fact]
    public async Task Owners_at_once_never_both_write_a_position()
    {
        // Goal: eight owners take one shard from each other and append; each commit that succeeded is in the log, once, under
        // its own bytes, and none that failed is.
        var written = new System.Collections.Concurrent.ConcurrentDictionary<long, string>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(owner => Task.Run(async () =>
        {
            for (var turn = 0; turn < 5; turn++)
            {
                var extent = await Journal.AcquireAsync(ShardA);
                for (var position = extent.End.Value + 1; ; position++)
                {
                    var record = new byte[] { (byte)owner, (byte)turn, (byte)position };
                    try
                    {
                        await Journal.CommitAsync(Append(ShardA, extent.Fence, position, record));
                    }
                    catch (EngineException lost) when (lost.Code == EngineErrorCode.ShardFenced)
                    {
                        break;
                    }

                    Assert.True(written.TryAdd(position, Convert.ToHexString(record)), $"position {position} was written twice");
                    if (position >= extent.End.Value + 10)
                    {
                        break;
                    }
                }
            }
        })));

        var records = await RecordsAsync(ShardA);
        Assert.Equal(
            written.OrderBy(w => w.Key).Select(w => (w.Key, w.Value)),
            records.Select(r => (r.Position.Value, Convert.ToHexString(r.Bytes.Span))));
        Assert.Equal(records.Count, records[^1].Position.Value);
    }

    [Fact]
    public async Task Shards_that_were_acquired_are_listed()
    {
        var shards = new[] { ShardA, ShardB, ShardId.Directory, new ShardId("vault-π", 65_535) };
        foreach (var shard in shards)
        {
            await Journal.AcquireAsync(shard);
        }

        Assert.Equal(
            shards.Select(s => s.ToString()).Order(StringComparer.Ordinal),
            (await Journal.ReadShardsAsync().ToListAsync()).Select(s => s.ToString()).Order(StringComparer.Ordinal));
    }
}

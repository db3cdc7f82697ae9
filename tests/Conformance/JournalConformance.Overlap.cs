using Kyberium.Engine;

namespace Kyberium.Conformance;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Commits_of_a_shard_may_overlap_and_keep_their_order()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;

        var outstanding = Enumerable.Range(1, 500)
            .Select(position => Journal.CommitAsync(Append(
                ShardA, fence, position, RecordBytes(position), [Put(RowKind.Shard, [], [(byte)position])])).AsTask())
            .ToArray();
        await Task.WhenAll(outstanding);

        await AssertRecordsAsync(ShardA, 1, 500);
        Assert.Equal(((byte)(500 & 0xff)).ToString("X2", null), await RowAsync(ShardA, RowKind.Shard, []));
    }

    [Fact]
    public async Task A_failed_commit_fails_its_followers_until_the_owner_reads_the_extent()
    {
        var fence = await AppendManyAsync(ShardA, 2);

        var outstanding = new[]
        {
            Journal.CommitAsync(Append(ShardA, fence, 3, RecordBytes(3))).AsTask(),
            Journal.CommitAsync(Append(ShardA, fence, 9, RecordBytes(9))).AsTask(),                                   // fails
            Journal.CommitAsync(Append(ShardA, fence, 4, RecordBytes(4), [Put(RowKind.Peer, [1], [1])])).AsTask(),
            Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Peer, [2], [2]))).AsTask(),
        };

        await outstanding[0];
        await Assert.ThrowsAsync<InvalidOperationException>(() => outstanding[1]);
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => new ValueTask(outstanding[2]));
        await FailsAsync(EngineErrorCode.JournalUnavailable, () => new ValueTask(outstanding[3]));
        await FailsAsync(EngineErrorCode.JournalUnavailable, () =>
            Journal.CommitAsync(RowsOnly(ShardA, fence, Put(RowKind.Peer, [3], [3]))));

        Assert.Equal(new LogPosition(3), (await Journal.ReadExtentAsync(ShardA)).End);
        Assert.Empty(await RowsAsync(ShardA, RowKind.Peer));
        await Journal.CommitAsync(Append(ShardA, fence, 4, RecordBytes(4)));
        await AssertRecordsAsync(ShardA, 1, 4);
    }

    [Fact]
    public async Task A_failure_in_one_shard_leaves_the_others_alone()
    {
        var a = (await Journal.AcquireAsync(ShardA)).Fence;
        var b = (await Journal.AcquireAsync(ShardB)).Fence;

        var failing = Journal.CommitAsync(Append(ShardA, a, 5, RecordBytes(5))).AsTask();
        var sound = Journal.CommitAsync(Append(ShardB, b, 1, RecordBytes(1))).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => failing);
        await sound;
        await AssertRecordsAsync(ShardB, 1, 1);
    }

    [Fact]
    public async Task An_acquisition_after_overlapped_commits_sees_all_that_succeeded()
    {
        var old = (await Journal.AcquireAsync(ShardA)).Fence;
        var outstanding = Enumerable.Range(1, 100)
            .Select(position => Journal.CommitAsync(Append(ShardA, old, position, RecordBytes(position))).AsTask())
            .ToArray();

        var taken = await Journal.AcquireAsync(ShardA);

        await Task.WhenAll(outstanding).ContinueWith(_ => { }, TaskScheduler.Default);
        var succeeded = outstanding.Count(o => o.IsCompletedSuccessfully);
        Assert.Equal(succeeded, taken.End.Value);
        await AssertRecordsAsync(ShardA, 1, succeeded);
    }

    [Fact]
    public async Task Many_shards_append_at_once_each_in_its_own_order()
    {
        const int shardCount = 64, records = 40;
        await Task.WhenAll(Enumerable.Range(0, shardCount).Select(number => Task.Run(async () =>
        {
            var shard = new ShardId("many", number);
            var fence = (await Journal.AcquireAsync(shard)).Fence;
            for (var position = 1; position <= records; position += 2)
            {
                var first = Journal.CommitAsync(Append(shard, fence, position, RecordBytes(position + (number * 1_000L)))).AsTask();
                var second = Journal.CommitAsync(Append(shard, fence, position + 1, RecordBytes(position + 1 + (number * 1_000L)))).AsTask();
                await first;
                await second;
            }
        })));

        for (var number = 0; number < shardCount; number++)
        {
            var found = await RecordsAsync(new ShardId("many", number));
            Assert.Equal(Enumerable.Range(1, records).Select(i => (long)i), found.Select(r => r.Position.Value));
            Assert.All(found, r => Assert.Equal(RecordBytes(r.Position.Value + (number * 1_000L)), r.Bytes.ToArray()));
        }
    }

    [Fact]
    public async Task Reading_beside_appends_shows_a_gapless_prefix()
    {
        var fence = (await Journal.AcquireAsync(ShardA)).Fence;
        var writing = Task.Run(async () =>
        {
            for (var position = 1; position <= 300; position++)
            {
                await Journal.CommitAsync(Append(ShardA, fence, position, RecordBytes(position)));
            }
        });

        while (!writing.IsCompleted)
        {
            var seen = await RecordsAsync(ShardA);
            Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i), seen.Select(r => r.Position.Value));
        }

        await writing;
        await AssertRecordsAsync(ShardA, 1, 300);
    }
}

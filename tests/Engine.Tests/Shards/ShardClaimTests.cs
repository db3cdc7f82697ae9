using Kyberium.Engine.Journal;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: a shard that this process had is taken over again, whatever became of attempts before, and never from somebody else. Method: a store in memory whose
/// answers are lost before or after they were given.</summary>
public sealed class ShardClaimTests
{
    private static readonly ShardId Shard = new(ShardId.DefaultGroup, 0);

    private readonly LossyJournal _journal = new();

    [Fact]
    public async Task What_nobody_else_took_is_taken_over_again_and_again()
    {
        var claim = await HeldAsync();
        for (var fence = 2; fence <= 4; fence++)
        {
            Assert.Equal(fence, (await claim.AcquireAsync(_journal, await FenceAsync(), default)).Fence.Value);
        }
    }

    [Fact]
    public async Task What_somebody_else_took_is_left_to_him_however_often_it_is_tried()
    {
        var claim = await HeldAsync();
        await _journal.Store.AcquireAsync(Shard);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(EngineErrorCode.ShardFenced, await CodeAsync(claim));
        }

        Assert.Equal(2, (await FenceAsync()).Value);
    }

    [Theory]
    [InlineData(true, 3)]       // it was done: the fence after it is the next
    [InlineData(false, 2)]
    public async Task An_attempt_whose_answer_was_lost_is_settled_and_repeated(bool wasDone, long fence)
    {
        var claim = await HeldAsync();
        _journal.LosesAnswer = wasDone ? Loss.After : Loss.Before;
        await Assert.ThrowsAsync<TimeoutException>(() => AcquireAsync(claim));
        _journal.LosesAnswer = Loss.None;
        Assert.Equal(fence, (await AcquireAsync(claim)).Fence.Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_took_it_after_a_lost_answer_keeps_it(bool wasDone)
    {
        var claim = await HeldAsync();
        _journal.LosesAnswer = wasDone ? Loss.After : Loss.Before;
        await Assert.ThrowsAsync<TimeoutException>(() => AcquireAsync(claim));
        _journal.LosesAnswer = Loss.None;
        await _journal.Store.AcquireAsync(Shard);
        Assert.Equal(EngineErrorCode.ShardFenced, await CodeAsync(claim));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, null)]       // that attempt's
    [InlineData(2, EngineErrorCode.ShardFenced)]
    public async Task While_the_store_is_away_too_an_attempt_stays_open_until_it_can_be_looked_at(int others, EngineErrorCode? expected)
    {
        var claim = await HeldAsync();
        (_journal.LosesAnswer, _journal.IsAway) = (Loss.Before, true);
        await Assert.ThrowsAsync<TimeoutException>(() => claim.AcquireAsync(_journal, new Fence(1), default));
        (_journal.LosesAnswer, _journal.IsAway) = (Loss.None, false);
        for (var i = 0; i < others; i++)
        {
            await _journal.Store.AcquireAsync(Shard);
        }

        if (expected is null)
        {
            Assert.Equal(2 + others, (await AcquireAsync(claim)).Fence.Value);
        }
        else
        {
            Assert.Equal(expected, await CodeAsync(claim));
        }
    }

    [Fact]
    public async Task A_call_that_was_cancelled_leaves_nothing_to_settle()
    {
        var claim = await HeldAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => claim.AcquireAsync(_journal, new Fence(1), new CancellationToken(canceled: true)));
        await _journal.Store.AcquireAsync(Shard);
        Assert.Equal(EngineErrorCode.ShardFenced, await CodeAsync(claim));
    }

    private async Task<ShardClaim> HeldAsync() => new(Shard, (await _journal.Store.AcquireAsync(Shard)).Fence);

    private async Task<Fence> FenceAsync() => (await _journal.Store.ReadExtentAsync(Shard)).Fence;

    private async Task<ShardExtent> AcquireAsync(ShardClaim claim) => await claim.AcquireAsync(_journal, await FenceAsync(), default);

    private async Task<EngineErrorCode> CodeAsync(ShardClaim claim) => (await Assert.ThrowsAsync<EngineException>(() => AcquireAsync(claim))).Code;

    private enum Loss
    {
        None,
        Before,
        After,
    }

    private sealed class LossyJournal : IJournal
    {
        internal InMemoryJournal Store { get; } = new();

        internal Loss LosesAnswer { get; set; }

        internal bool IsAway { get; set; }

        public ReadOnlyMemory<byte> StoreId => Store.StoreId;

        public string Description => "lossy";

        public long TailBytes => 0;

        public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
        {
            if (LosesAnswer == Loss.Before)
            {
                throw new TimeoutException("no answer");
            }

            var extent = await Store.AcquireAsync(shard, held, cancellationToken);
            return LosesAnswer == Loss.After ? throw new TimeoutException("no answer") : extent;
        }

        public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default) =>
            IsAway ? throw new TimeoutException("away") : Store.ReadExtentAsync(shard, cancellationToken);

        public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(ShardId shard, LogPosition after, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<JournalRow> ReadRowsAsync(
            ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Engine;

public sealed class MailboxTests
{
    [Fact]
    public async Task Bytes_are_bounded_who_waits_comes_in_order_and_a_large_one_that_leaves_makes_room_for_several()
    {
        var mailbox = new Mailbox(countMax: 10, bytesMax: 100, TaskCreationOptions.None);
        await mailbox.WriteAsync(new Sized(90), default);
        var waiting = Enumerable.Range(0, 4).Select(_ => mailbox.WriteAsync(new Sized(30), default).AsTask()).ToArray();
        var small = mailbox.WriteAsync(new Sized(1), default).AsTask();
        Assert.All(waiting, wait => Assert.False(wait.IsCompleted));
        Assert.False(small.IsCompleted);        // it would fit, and does not overtake

        Assert.True(mailbox.TryRead(out var first));

        Assert.Equal(90, first.Bytes);
        Assert.All(await Task.WhenAll(waiting[..3]), Assert.True);
        Assert.False(waiting[3].IsCompleted);
        Assert.True(mailbox.TryRead(out _));
        Assert.True(await waiting[3]);
        Assert.True(await small);
    }

    [Fact]
    public async Task One_work_larger_than_the_bound_goes_alone()
    {
        var mailbox = new Mailbox(countMax: 10, bytesMax: 100, TaskCreationOptions.None);
        Assert.True(await mailbox.WriteAsync(new Sized(1_000), default));
        var next = mailbox.WriteAsync(new Sized(0), default).AsTask();
        Assert.False(next.IsCompleted);

        Assert.True(mailbox.TryRead(out _));

        Assert.True(await next);
    }

    [Fact]
    public async Task The_count_is_bounded_as_well_and_completing_refuses_who_waits()
    {
        var mailbox = new Mailbox(countMax: 1, bytesMax: 100, TaskCreationOptions.None);
        Assert.True(await mailbox.WriteAsync(new Sized(1), default));
        var next = mailbox.WriteAsync(new Sized(1), default).AsTask();
        Assert.False(next.IsCompleted);

        mailbox.Complete();

        Assert.False(await next);
    }

    [Fact]
    public async Task A_completed_mailbox_takes_nothing_and_gives_only_what_it_took()
    {
        var mailbox = new Mailbox(countMax: 1, bytesMax: 100, TaskCreationOptions.None);
        Assert.True(await mailbox.WriteAsync(new Sized(1), default));
        var refused = mailbox.WriteAsync(new Sized(2), default).AsTask();
        mailbox.Complete();
        Assert.False(await refused);
        Assert.False(await mailbox.WriteAsync(new Sized(3), default));
        Assert.Equal(1, mailbox.Count);
        Assert.True(mailbox.TryRead(out var taken));
        Assert.Equal(1, taken.Bytes);
        Assert.False(mailbox.TryRead(out _));
        Assert.False(await mailbox.WriteAsync(new Sized(4), default));
    }

    [Fact]
    public async Task Whoever_no_longer_waits_gives_up_its_place_and_nobody_elses()
    {
        var mailbox = new Mailbox(countMax: 1, bytesMax: 100, TaskCreationOptions.None);
        await mailbox.WriteAsync(new Sized(1), default);
        using CancellationTokenSource gone = new(), late = new();
        var leaving = mailbox.WriteAsync(new Sized(2), gone.Token).AsTask();
        var staying = mailbox.WriteAsync(new Sized(3), late.Token).AsTask();
        gone.Cancel();
        Assert.Equal(gone.Token, (await Assert.ThrowsAsync<TaskCanceledException>(() => leaving)).CancellationToken);
        Assert.False(staying.IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => mailbox.WriteAsync(new Sized(4), gone.Token).AsTask());

        Assert.True(mailbox.TryRead(out _));
        Assert.True(await staying);
        late.Cancel();      // too late: it is in
        Assert.True(mailbox.TryRead(out var taken));
        Assert.Equal(3, taken.Bytes);
        Assert.False(mailbox.TryRead(out _));
    }

    [Fact]
    public void Works_that_fill_the_bytes_to_the_last_fit()
    {
        var mailbox = new Mailbox(countMax: 10, bytesMax: 100, TaskCreationOptions.None);
        Assert.True(mailbox.WriteAsync(new Sized(60), default).AsTask().IsCompleted);
        Assert.True(mailbox.WriteAsync(new Sized(40), default).AsTask().IsCompleted);
        Assert.False(mailbox.WriteAsync(new Sized(1), default).AsTask().IsCompleted);
    }

    /// <summary>Goal: callers of a shard whose store stands still wait once the bytes are full. Method: the commit is held, sends of
    /// 1 MiB pile up; those beyond the bounds of batches and mailbox are not accepted into memory but wait, and all arrive in the end.</summary>
    [Fact]
    public async Task A_shard_that_stands_still_takes_no_more_bytes_than_its_bound()
    {
        var (alice, bob) = await Party.PairAsync(options =>
        {
            options.Shard.Count = 1;
            options.Shard.MailboxBytesMax = 2 << 20;
            options.Shard.BatchBytesMax = 2 << 20;
        });
        await using var _b = bob;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        alice.Journal.Before = commit => commit.Shard == ShardId.Directory ? Task.CompletedTask : gate.Task;

        var sends = Enumerable.Range(0, 30).Select(_ => alice.Engine.SendAsync(bob.Id, new byte[1 << 20], cancellationToken: Party.Timely)).ToArray();
        var shard = alice.Engine.RunningShards.Single();
        await Party.UntilAsync(() => Task.FromResult(shard.MailboxCount == 2 && alice.Journal.Submitted > 0));
        Assert.All(sends, send => Assert.False(send.IsCompleted));
        gate.SetResult();

        Assert.Equal(Enumerable.Range(1, 30).Select(number => (ulong)number), (await Task.WhenAll(sends)).Select(sent => sent.Number).Order());
        await alice.DisposeAsync();
    }

    private sealed class Sized(int bytes) : ShardWork
    {
        internal override int Bytes => bytes;

        internal override void Stage(ShardTurn turn, ResidentPeer? peer)
        {
        }
    }
}

using Kyberium.Engine.Placement;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: what waits in a shard is decided in order, made durable together, and answered then and not before. Method: a shard alone, whose turns and
/// commits the test holds.</summary>
public sealed class BatchTests
{
    private const string TenBytes = "ten bytes.";

    [Fact]
    public async Task What_waits_together_is_one_commit_and_is_answered_when_that_is_durable()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var flush = new Held();
        lone.Journal.Commits.Clear();
        lone.Journal.Gate = _ => flush.Task;
        var sent = Enumerable.Range(0, 10).Select(i => lone.SendLater("bob", $"{i}")).ToList();
        lone.Run();
        Assert.Single(lone.Journal.Commits);
        Assert.All(sent, send => Assert.False(send.IsCompleted));

        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.Equal(Enumerable.Range(1, 10).Select(number => (ulong)number), sent.Select(send => LoneShard.Done(send).Number));
    }

    [Theory]
    [InlineData(4, 1_000, new[] { 4, 4, 2 })]
    [InlineData(100, 30, new[] { 3, 3, 3, 1 })]        // the one that reaches the bound is the last
    [InlineData(100, 31, new[] { 4, 4, 2 })]
    public async Task A_batch_takes_no_more_works_and_bytes_than_its_bounds(int countMax, long bytesMax, int[] batches)
    {
        await using var lone = LoneShard.Start(change: settings => settings with
        {
            Shard = settings.Shard with { BatchCountMax = countMax, BatchBytesMax = bytesMax },
        });
        lone.Add("bob");
        lone.Journal.Commits.Clear();
        var counts = new List<int>();
        var sent = Enumerable.Range(0, 10).Select(_ => lone.SendLater("bob", TenBytes)).ToList();
        lone.Journal.Answer = _ =>
        {
            counts.Add(lone.Shard.MailboxCount);
            return Task.CompletedTask;
        };
        lone.Run();
        var left = 10;
        Assert.Equal(batches.Select(count => left -= count), counts);
        Assert.All(sent, send => Assert.Null(LoneShard.Done(send).Error));
        Assert.Equal(Enumerable.Range(0, batches.Length).Select(i => 2L + i), lone.Journal.Commits.Select(commit => commit.Position.Value));
    }

    [Fact]
    public async Task Four_commits_are_open_at_most_and_the_next_batch_is_staged_when_the_first_is_done()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Commits.Clear();
        var flushes = new List<TaskCompletionSource>();
        lone.Journal.Answer = _ =>
        {
            flushes.Add(new TaskCompletionSource());
            return flushes[^1].Task;
        };
        var sent = new List<Task<PeerReply>>();
        for (var i = 0; i < 6; i++)
        {
            sent.Add(lone.SendLater("bob", $"{i}"));
            lone.Run();
        }

        Assert.Equal(4, lone.Journal.Commits.Count);
        LoneShard.Alone(flushes[0].SetResult);
        lone.Run();
        Assert.Equal([true, false, false, false, false, false], sent.Select(send => send.IsCompleted));
        Assert.Equal(5, lone.Journal.Commits.Count);     // one more batch, with all that waited
        for (var i = 1; i < 5; i++)
        {
            LoneShard.Alone(flushes[i].SetResult);
            lone.Run();
        }

        Assert.Equal(Enumerable.Range(1, 6).Select(number => (ulong)number), sent.Select(send => LoneShard.Done(send).Number));
    }

    [Fact]
    public async Task Whatever_the_journal_answers_first_callers_are_answered_in_order()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var first = new Held();
        lone.Journal.Answer = commit => commit.Position.Value == 2 ? first.Task : Task.CompletedTask;
        var answered = new List<string>();
        Note(lone.SendLater("bob", "1"), "first");
        lone.Run();
        Note(lone.SendLater("bob", "2"), "second");
        lone.Run();
        Assert.Empty(answered);
        LoneShard.Alone(first.SetResult);
        Assert.Equal(["first", "second"], answered);

        void Note(Task task, string name) =>
            _ = task.ContinueWith(_ => answered.Add(name), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_look_waits_for_the_flush_of_its_own_peer_and_for_no_others()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol");
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var sent = lone.SendLater("bob", "1");
        lone.Run();
        var ofCarol = LookAt("carol");
        lone.Run();
        Assert.Equal(1UL, LoneShard.Done(ofCarol));
        var ofBob = LookAt("bob");
        lone.Run();
        Assert.False(ofBob.IsCompleted);
        var ofBoth = (LookAt("carol"), LookAt("bob"));
        lone.Run();
        Assert.False(ofBoth.Item1.IsCompleted);     // in one batch with one that waits

        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.Equal((1UL, 2UL, 2UL), (LoneShard.Done(sent).Number, LoneShard.Done(ofBob), LoneShard.Done(ofBoth.Item2)));
        Assert.Equal(1UL, LoneShard.Done(ofBoth.Item1));

        Task<ulong> LookAt(string peer) =>
            lone.Post(new PeerQuery<ulong>(LoneShard.Key(peer), static resident => resident.State.Outgoing.Next, TaskCreationOptions.None)).Task;
    }

    [Fact]
    public async Task A_look_at_many_peers_shows_nothing_that_is_not_durable()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        _ = lone.SendLater("bob", "1");
        lone.Run();
        var isDone = false;
        lone.Post(new TurnWork(static _ => { }, () => isDone = true));
        lone.Run();
        Assert.False(isDone);
        LoneShard.Alone(flush.SetResult);
        Assert.True(isDone);
    }

    [Fact]
    public async Task A_commit_that_fails_ends_the_shard_and_only_what_was_not_begun_counts_as_undone()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var begun = new List<Task<PeerReply>>();
        for (var i = 0; i < 5; i++)
        {
            begun.Add(lone.SendLater("bob", $"{i}"));
            lone.Run();
        }

        LoneShard.Alone(() => flush.SetException(new EngineException(EngineErrorCode.JournalFull, "no room")));
        lone.Run();
        Assert.Equal([false, false, false, false, true], begun.Select(task => Failure(task).IsUndone));      // the fifth waited for room among the open commits
        Assert.All(begun, task => Assert.Equal(EngineErrorCode.JournalFull, Failure(task).Code));
        var late = lone.SendLater("bob", "late");
        lone.Run();
        Assert.True(Failure(late) is { IsUndone: true, Code: EngineErrorCode.JournalFull });
        Assert.Equal(EngineErrorCode.JournalFull, LoneShard.CodeOf(lone.Shard.Ended));

        lone.Journal.Gate = null;
        lone.Recover();
        Assert.Empty(lone.Outbox("bob"));
        Assert.Equal(1UL, lone.Send("bob", "again"));
    }

    [Fact]
    public async Task A_failure_that_is_not_the_engines_is_told_as_a_shard_that_recovers()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Gate = static _ => throw new InvalidOperationException("not of the engine");
        var sent = lone.SendLater("bob", "1");
        lone.Run();
        Assert.Equal(EngineErrorCode.ShardRecovering, Failure(sent).Code);
        Assert.IsType<InvalidOperationException>(Failure(sent).InnerException);
    }

    [Fact]
    public async Task A_turn_that_breaks_ends_the_shard_and_writes_nothing()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Commits.Clear();
        var before = lone.SendLater("bob", "before it in its batch");
        var broken = new TaskCompletionSource<EngineException>();
        lone.Post(new TurnWork(static _ => throw new InvalidOperationException("broken"), fail: broken.SetResult));
        var after = lone.SendLater("bob", "after");
        lone.Run();
        Assert.Equal(EngineErrorCode.ShardRecovering, LoneShard.Done(broken.Task).Code);
        Assert.All([before, after], task => Assert.True(Failure(task) is { Code: EngineErrorCode.ShardRecovering, IsUndone: true }));
        Assert.Empty(lone.Journal.Commits);
        Assert.Equal(EngineErrorCode.ShardRecovering, LoneShard.CodeOf(lone.Shard.Ended));
    }

    [Fact]
    public async Task What_breaks_while_a_durable_batch_is_performed_ends_the_shard_and_what_was_answered_stays()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var sent = lone.SendLater("bob", "1");
        lone.Post(new TurnWork(static turn => turn.AfterDurable.Add(static () => throw new InvalidOperationException("broken"))));
        lone.Run();
        Assert.True(Failure(sent) is { Code: EngineErrorCode.ShardRecovering, IsUndone: false });        // it is durable
        lone.Recover();
        Assert.Equal(["1"], lone.Outbox("bob"));
    }

    [Fact]
    public async Task A_look_that_breaks_ends_the_shard()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var work = lone.Post(new Breaking(LoneShard.Key("bob")));
        lone.Run();
        Assert.Equal(EngineErrorCode.ShardRecovering, work.Failed?.Code);
        Assert.Equal(EngineErrorCode.ShardRecovering, LoneShard.CodeOf(lone.Shard.Ended));
    }

    [Fact]
    public async Task Without_its_lease_nothing_is_answered_although_it_is_durable()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var lease = new Lease { MayServe = true };
        lone.Shard.Lease = lease;
        lone.Send("bob", "1");
        lone.Journal.Answer = _ =>
        {
            lease.MayServe = false;
            return Task.CompletedTask;
        };
        var sent = lone.SendLater("bob", "2");
        lone.Run();
        Assert.True(Failure(sent) is { Code: EngineErrorCode.LeaseLost, IsUndone: false });
        Assert.Equal(EngineErrorCode.LeaseLost, LoneShard.CodeOf(lone.Shard.Ended));
        lone.Recover();
        Assert.Equal(["1", "2"], lone.Outbox("bob"));
    }

    [Fact]
    public async Task Audit_events_are_logged_once_durable_with_the_position_of_their_record()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Trail.Logged.Clear();
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        _ = lone.Do("bob", new PeerCommand.Suspend(), new CallerContext("operator"));
        _ = lone.Do("bob", new PeerCommand.Resume(), new CallerContext("operator"));
        lone.Run();
        Assert.Empty(lone.Trail.Logged);
        LoneShard.Alone(flush.SetResult);
        Assert.Equal(["peer-suspended", "peer-resumed"], lone.Trail.Logged.Select(logged => logged.Kind));
        Assert.All(lone.Trail.Logged, logged => Assert.Equal((2L, "operator"), (logged.Position.Value, logged.Actor)));
        Assert.Equal([0, 1], lone.Trail.Logged.Select(logged => logged.Ordinal));
    }

    private static EngineException Failure(Task task) => Assert.IsType<EngineException>(task.Exception?.InnerException);

    private sealed class Lease : IShardLease
    {
        public bool MayServe { get; set; }
    }

    /// <summary>Shows nothing but its peer, so that it need not wait, and cannot be answered.</summary>
    private sealed class Breaking(PeerKey peer) : ShardWork
    {
        internal EngineException? Failed { get; private set; }

        internal override PeerKey? Peer => peer;

        internal override bool IsOfOnePeer => true;

        internal override void Stage(ShardTurn turn, ResidentPeer? peer) => turn.Looked.Add(peer!);

        internal override void Complete() => throw new InvalidOperationException("broken");

        internal override void Fail(EngineException reason) => Failed = reason;
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: however a shard ends, everybody who waits in it is answered, and nothing is written that was not to be. Method: a shard alone.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task A_stop_finishes_what_was_taken_and_refuses_what_comes_later()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var taken = lone.SendLater("bob", "taken");
        lone.Stop();
        Assert.Equal(1UL, LoneShard.Done(taken).Number);
        Assert.True(lone.Shard.Ended.IsCompletedSuccessfully);
        var late = lone.SendLater("bob", "late");
        lone.Run();
        Assert.True(Failure(late) is { Code: EngineErrorCode.EngineStopping, IsUndone: true });
        Assert.Equal((0, 0), (lone.Shard.ResidentCount, lone.Shard.MailboxCount));
        Assert.False(lone.IsResident("bob"));
        lone.Recover();
        Assert.Equal(["taken"], lone.Outbox("bob"));
    }

    [Fact]
    public async Task A_stop_waits_for_peers_that_are_being_read_and_for_what_waits_for_them()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Restart();
        var read = new Held();
        lone.Journal.ReadGate = () => read.Task;
        var taken = lone.SendLater("bob", "taken");
        lone.Run();
        var stopping = StopLater(lone);
        lone.Run();
        Assert.False(stopping.IsCompleted);
        LoneShard.Alone(read.SetResult);
        lone.Run();
        Assert.Equal(1UL, LoneShard.Done(taken).Number);
        Assert.True(stopping.IsCompletedSuccessfully, $"{stopping.Exception}");
    }

    [Fact]
    public async Task A_stop_waits_for_commits_under_way()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var taken = lone.SendLater("bob", "taken");
        lone.Run();
        var stopping = StopLater(lone);
        lone.Run();
        Assert.False(stopping.IsCompleted);
        Assert.False(taken.IsCompleted);
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.Equal(1UL, LoneShard.Done(taken).Number);
        Assert.True(stopping.IsCompletedSuccessfully, $"{stopping.Exception}");
    }

    [Fact]
    public async Task A_stop_whose_last_checkpoint_fails_says_so_and_the_shard_is_gone_all_the_same()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Gate = static commit => commit.Record is null ? throw new EngineException(EngineErrorCode.JournalFull, "no room") : Task.CompletedTask;
        var stopping = StopLater(lone);
        lone.Run();
        Assert.Equal(EngineErrorCode.JournalFull, LoneShard.CodeOf(stopping));
        Assert.Equal(0, lone.Shard.ResidentCount);
        lone.Journal.Gate = null;
        lone.Recover();
        Assert.True(lone.IsKnown("bob"));
    }

    [Fact]
    public async Task A_stop_after_a_fault_writes_nothing()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Gate = static _ => throw new EngineException(EngineErrorCode.JournalFull, "no room");
        _ = lone.SendLater("bob", "lost");
        lone.Run();
        lone.Journal.Gate = null;
        lone.Journal.Commits.Clear();
        lone.Stop();
        Assert.Empty(lone.Journal.Commits);
    }

    [Fact]
    public async Task Whoever_waits_for_a_session_is_told_when_the_shard_stops()
    {
        await using var lone = LoneShard.Start(begins: true);
        lone.Add("bob");
        var connected = Waiting(lone, "bob");
        lone.Stop();
        Assert.Equal(EngineErrorCode.EngineStopping, Failure(connected).Code);
    }

    [Fact]
    public async Task Whoever_waits_for_a_session_is_told_when_the_shard_ends_by_a_fault()
    {
        await using var lone = LoneShard.Start(begins: true);
        lone.Add("bob");
        var connected = Waiting(lone, "bob");
        lone.Journal.Gate = static _ => throw new EngineException(EngineErrorCode.JournalFull, "no room");
        _ = lone.SendLater("bob", "lost");
        lone.Run();
        Assert.Equal(EngineErrorCode.JournalFull, Failure(connected).Code);
    }

    [Fact]
    public async Task Whoever_waits_for_a_session_with_a_peer_that_is_forgotten_is_told_so()
    {
        await using var lone = LoneShard.Start(begins: true);
        lone.Add("bob");
        var connected = Waiting(lone, "bob");
        _ = lone.Do("bob", new PeerCommand.Forget());
        lone.Run();
        Assert.Equal(EngineErrorCode.SessionMissing, LoneShard.Done(connected).Error);
    }

    [Fact]
    public async Task A_checkpoint_that_is_asked_for_fails_with_the_shard()
    {
        await using var lone = LoneShard.Start(change: settings => settings with { Journal = settings.Journal with { SnapshotsPerCommitMax = 1 } });
        lone.Add("a", "b");
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var checkpoint = lone.CheckpointLater();
        lone.Run();
        Task? gone = null;
        LoneShard.Alone(() => gone = lone.Shard.DisposeAsync().AsTask());
        lone.Run();
        Assert.Equal(EngineErrorCode.EngineStopping, LoneShard.CodeOf(checkpoint));
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.True(gone!.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_shard_that_is_abandoned_answers_with_the_reason_and_writes_nothing_more()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Journal.Commits.Clear();
        var waiting = lone.SendLater("bob", "waiting");
        Task? gone = null;
        LoneShard.Alone(() => gone = lone.Shard.AbandonAsync(ShardErrors.Elsewhere(LoneShard.Id)));
        var late = lone.SendLater("bob", "late");
        lone.Run();
        Assert.True(gone!.IsCompletedSuccessfully);
        Assert.All([waiting, late], task => Assert.True(Failure(task) is { Code: EngineErrorCode.ShardElsewhere, IsUndone: true }));
        Assert.True(lone.Shard.Ended.IsCompletedSuccessfully);
        Assert.Empty(lone.Journal.Commits);
        Assert.Equal(0, lone.Shard.ResidentCount);
        Assert.False(lone.IsResident("bob"));
    }

    [Fact]
    public async Task What_waits_for_a_peer_that_is_being_read_is_answered_when_the_shard_is_disposed_and_what_was_read_is_dropped()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Restart();
        var read = new Held();
        lone.Journal.ReadGate = () => read.Task;
        var waiting = lone.SendLater("bob", "waiting");
        lone.Run();
        Task? gone = null;
        LoneShard.Alone(() => gone = lone.Shard.DisposeAsync().AsTask());
        lone.Run();
        Assert.True(Failure(waiting) is { Code: EngineErrorCode.EngineStopping, IsUndone: true });
        Assert.False(gone!.IsCompleted);        // the lane is still reading
        LoneShard.Alone(read.SetResult);
        lone.Run();
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal(0, lone.Shard.ResidentCount);
    }

    [Fact]
    public async Task A_shard_that_was_disposed_is_not_disposed_twice_and_runs_no_timer()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Send("bob", "expires", expiresInMillis: 1_000);
        Assert.NotEqual(0, lone.Time.TimerCount);
        await lone.DisposeAsync();
        Assert.Equal(0, lone.Time.TimerCount);
        lone.Journal.Commits.Clear();
        lone.Advance(LoneShard.CheckpointInterval);
        Assert.Empty(lone.Journal.Commits);
    }

    private static Task<PeerReply> Waiting(LoneShard lone, string peer)
    {
        var connected = lone.Do(peer, new PeerCommand.Connect(false));
        lone.Run();
        Assert.False(connected.IsCompleted, "it waits for a session that cannot be had here");
        return connected;
    }

    private static Task StopLater(LoneShard lone)
    {
        Task stopping = Task.CompletedTask;
        LoneShard.Alone(() => stopping = lone.Shard.StopAsync(ShardErrors.Stopping(LoneShard.Id)).AsTask());
        return stopping;
    }

    private static EngineException Failure(Task task) => Assert.IsType<EngineException>(task.Exception?.InnerException);
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: a checkpoint moves what changed into rows and cuts the log off behind it, and no sooner. Method: a shard alone, its commits in the test's hands.</summary>
public sealed class CheckpointTests
{
    [Fact]
    public async Task After_a_checkpoint_the_log_is_cut_and_the_rows_alone_give_everything_back()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol");
        lone.Send("bob", "1");
        lone.Send("bob", "2");
        lone.Checkpoint();
        var extent = lone.Extent();
        Assert.Equal((4L, 4L), (extent.End.Value, extent.TruncatedThrough.Value));
        Assert.Equal((2, 2), (lone.Rows(RowKind.Peer).Count, lone.Rows(RowKind.Outbox).Count));

        lone.Recover();
        Assert.Equal(0, lone.Shard.RecoveredFacts);
        Assert.Equal(["1", "2"], lone.Outbox("bob"));
        Assert.True(lone.IsKnown("carol"));
        Assert.Equal(3UL, lone.Send("bob", "3"));
    }

    [Fact]
    public async Task It_goes_in_slices_and_only_the_last_cuts_the_log()
    {
        await using var lone = LoneShard.Start(change: Sliced(2));
        lone.Add("a", "b", "c", "d", "e");
        lone.Journal.Commits.Clear();
        lone.Checkpoint();
        Assert.Equal([null, null, 5L], lone.Journal.Commits.Select(commit => commit.TruncateThrough?.Value));
        Assert.Equal([2, 2, 1], lone.Journal.Commits.Select(commit => commit.Rows.Count(row => row.Key.Kind == RowKind.Peer)));
        Assert.All(lone.Journal.Commits, commit => Assert.Null(commit.Record));
    }

    [Fact]
    public async Task What_changes_between_its_slices_stays_in_the_log()
    {
        await using var lone = LoneShard.Start(change: Sliced(1));
        lone.Add("a", "b", "c");
        lone.Journal.Commits.Clear();
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var done = lone.CheckpointLater();
        lone.Run();
        var sent = lone.SendLater("a", "meanwhile");
        lone.Run();
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.True(done.IsCompletedSuccessfully);
        Assert.Equal(1UL, LoneShard.Done(sent).Number);
        Assert.Equal((4L, 3L), (lone.Extent().End.Value, lone.Extent().TruncatedThrough.Value));
        lone.Recover();
        Assert.Equal(["meanwhile"], lone.Outbox("a"));
    }

    [Fact]
    public async Task When_nothing_changed_it_writes_nothing()
    {
        await using var lone = LoneShard.Start();
        lone.Add("a", "b");
        lone.Checkpoint();
        lone.Journal.Commits.Clear();
        lone.Checkpoint();
        Assert.Empty(lone.Journal.Commits);
        Assert.Null(LoneShard.Done(Suspended(lone, "b")).Error);
        lone.Journal.Commits.Clear();
        lone.Checkpoint();
        Assert.Single(Assert.Single(lone.Journal.Commits).Rows, row => row.Key.Kind == RowKind.Peer);
    }

    [Fact]
    public async Task Whoever_asks_while_one_is_under_way_is_told_with_it()
    {
        await using var lone = LoneShard.Start(change: Sliced(1));
        lone.Add("a", "b", "c");
        lone.Journal.Commits.Clear();
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var first = lone.CheckpointLater();
        lone.Run();
        var second = lone.CheckpointLater();
        lone.Run();
        Assert.False(second.IsCompleted);
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.True(first.IsCompletedSuccessfully && second.IsCompletedSuccessfully);
        Assert.Equal(3, lone.Journal.Commits.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_slice_that_fails_fails_whoever_waits_and_the_log_stays_whole(int failing)
    {
        await using var lone = LoneShard.Start(change: Sliced(1));
        lone.Add("a", "b", "c");
        var count = 0;
        lone.Journal.Gate = _ => ++count == failing ? throw new EngineException(EngineErrorCode.JournalFull, "no room") : Task.CompletedTask;
        var done = lone.CheckpointLater();
        lone.Run();
        Assert.Equal(EngineErrorCode.JournalFull, LoneShard.CodeOf(done));
        Assert.Equal(0, lone.Extent().TruncatedThrough.Value);
        lone.Journal.Gate = null;
        lone.Recover();
        Assert.All(["a", "b", "c"], name => Assert.True(lone.IsKnown(name)));
    }

    [Fact]
    public async Task The_keyring_remembers_how_far_it_came_and_not_more_than_is_durable()
    {
        await using var lone = LoneShard.Start();
        lone.Add("a", "b");
        Assert.Empty(lone.Witnesses());
        lone.Checkpoint();
        var witness = Assert.Single(lone.Witnesses());
        Assert.Equal((LoneShard.Id, lone.Shard.Fence, 2L, 1u), (witness.Shard, witness.Fence, witness.Position.Value, witness.Generation));
        lone.Recover(witness);
        Assert.True(lone.IsKnown("a"));
    }

    [Fact]
    public async Task It_happens_by_itself_after_the_interval()
    {
        await using var lone = LoneShard.Start();
        lone.Add("a");
        lone.Advance(LoneShard.CheckpointInterval - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, lone.Extent().TruncatedThrough.Value);
        lone.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, lone.Extent().TruncatedThrough.Value);
        Assert.Equal(0, lone.Shard.CheckpointsFailed);
        lone.Add("b");
        lone.Advance(LoneShard.CheckpointInterval);
        Assert.Equal(2, lone.Extent().TruncatedThrough.Value);
    }

    [Fact]
    public async Task One_that_nobody_waits_for_is_counted_when_it_fails()
    {
        await using var lone = LoneShard.Start();
        lone.Add("a");
        lone.Journal.Gate = static _ => throw new EngineException(EngineErrorCode.JournalFull, "no room");
        lone.Advance(LoneShard.CheckpointInterval);
        Assert.Equal(1, lone.Shard.CheckpointsFailed);
    }

    [Theory]
    [InlineData(1_000, 501, 1)]        // more than half, of which this one shard has a part
    [InlineData(1_000, 500, 0)]
    public async Task A_long_tail_begins_one(long tailMax, long tail, int truncated)
    {
        await using var lone = LoneShard.Start(change: settings => settings with { Journal = settings.Journal with { TailBytesMax = tailMax } });
        lone.Journal.Tail = tail;
        lone.Add("a");
        lone.Send("a", new string('x', 600));
        Assert.Equal(truncated, Math.Min(1, lone.Extent().TruncatedThrough.Value));
    }

    [Fact]
    public async Task A_shard_that_added_little_to_a_long_tail_leaves_it_to_others()
    {
        await using var lone = LoneShard.Start(change: settings => settings with { Journal = settings.Journal with { TailBytesMax = 1 << 20 } });
        lone.Journal.Tail = 1 << 20;
        lone.Add("a");
        Assert.Equal(0, lone.Extent().TruncatedThrough.Value);
    }

    [Fact]
    public async Task A_clean_stop_leaves_an_empty_log_and_its_owners_mark()
    {
        await using var lone = LoneShard.Start(change: Sliced(2));
        lone.Add("a", "b", "c");
        lone.Checkpoint();
        lone.Journal.Commits.Clear();
        lone.Send("a", "1");
        lone.Stop();
        Assert.Equal((4L, 4L), (lone.Extent().End.Value, lone.Extent().TruncatedThrough.Value));
        Assert.Contains(lone.Journal.Commits[^1].Rows, row => row.Key == ShardRow.Key);
        lone.Recover();
        Assert.Equal(0, lone.Shard.RecoveredFacts);
        Assert.Equal(["1"], lone.Outbox("a"));
    }

    [Fact]
    public async Task A_stop_waits_for_the_checkpoint_under_way_and_makes_its_own()
    {
        await using var lone = LoneShard.Start(change: Sliced(1));
        lone.Add("a", "b", "c");
        lone.Journal.Commits.Clear();
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var checkpoint = lone.CheckpointLater();
        lone.Run();
        Task? stopping = null;
        LoneShard.Alone(() => stopping = lone.Shard.StopAsync(ShardErrors.Stopping(LoneShard.Id)).AsTask());
        lone.Run();
        Assert.False(stopping!.IsCompleted);
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.True(checkpoint.IsCompletedSuccessfully);
        Assert.True(stopping.IsCompletedSuccessfully, $"{stopping.Exception}");
        Assert.Equal(2, lone.Journal.Commits.Count(commit => commit.Rows.Any(row => row.Key == ShardRow.Key)));
    }

    private static Func<Kyberium.Engine.Settings.EngineSettings, Kyberium.Engine.Settings.EngineSettings> Sliced(int snapshotsMax) =>
        settings => settings with { Journal = settings.Journal with { SnapshotsPerCommitMax = snapshotsMax } };

    private static Task<PeerReply> Suspended(LoneShard lone, string peer)
    {
        var done = lone.Do(peer, new PeerCommand.Suspend());
        lone.Run();
        return done;
    }
}

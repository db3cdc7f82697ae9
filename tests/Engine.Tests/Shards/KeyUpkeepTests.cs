using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: after a rotation rows are sealed anew, a bounded share with each checkpoint, and an old key dies when nothing is under it. Method: a shard alone, whose
/// clock is moved; the frames in its store say which key each stands under.</summary>
public sealed class KeyUpkeepTests
{
    private static readonly TimeSpan Age = TimeSpan.FromHours(24);

    [Fact]
    public async Task A_key_that_is_due_is_replaced_and_dies_when_its_rows_are_sealed_anew()
    {
        await using var lone = Aged(rowsMax: 1_000);
        Assert.Equal(1, lone.Shard.DataKeyCount);
        lone.Checkpoint();      // draws the new key and begins to seal rows anew
        Assert.Equal(2, lone.Shard.DataKeyCount);
        Settle(lone);
        Assert.Equal((1, 0L), (lone.Shard.DataKeyCount, lone.Shard.RowsUnderOldKeys));
        Assert.Equal([2u], await FramesAsync(lone));
        Assert.Single(lone.Rows(RowKind.DataKey));
        HasAll(lone);
        lone.Restart();
        HasAll(lone);
        lone.Recover();
        HasAll(lone);
    }

    [Fact]
    public async Task Each_checkpoint_does_its_share_and_says_how_many_rows_are_left()
    {
        await using var lone = Aged(rowsMax: 4);
        lone.Checkpoint();
        var left = new List<long>();
        for (var round = 0; round < 20 && lone.Shard.DataKeyCount > 1; round++)
        {
            left.Add(lone.Shard.RowsUnderOldKeys);
            lone.Checkpoint();
        }

        Assert.Equal(1, lone.Shard.DataKeyCount);
        var going = left.SkipWhile(rows => rows == 0).TakeWhile(rows => rows > 0).ToList();
        Assert.True(going.Count >= 4, string.Join(", ", left));
        Assert.All(going.Zip(going.Skip(1)), pair => Assert.Equal(4, pair.First - pair.Second));
        Assert.Equal([2u], await FramesAsync(lone));
        HasAll(lone);
    }

    [Fact]
    public async Task What_the_shard_writes_while_rows_are_sealed_anew_is_not_undone()
    {
        await using var lone = Aged(rowsMax: 3);
        for (var round = 0; round < 12; round++)
        {
            var done = lone.CheckpointLater();
            for (var i = 0; i < 10; i++)
            {
                _ = lone.Do($"peer-{i}", new PeerCommand.SetAddresses([$"memory://{round}"]));
            }

            lone.Run();
            Assert.True(done.IsCompletedSuccessfully);
        }

        Settle(lone);
        lone.Restart();
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(["memory://11"], lone.Look($"peer-{i}", static peer => peer.State.Addresses.ToArray()));
        }
    }

    [Fact]
    public async Task The_next_owner_goes_on_with_what_was_not_done()
    {
        await using var lone = Aged(rowsMax: 4);
        lone.Checkpoint();
        lone.Checkpoint();
        Assert.Equal(2, lone.Shard.DataKeyCount);
        lone.Recover();
        Assert.Equal(2, lone.Shard.DataKeyCount);
        Settle(lone);
        Assert.Equal([2u], await FramesAsync(lone));
        HasAll(lone);
    }

    [Fact]
    public async Task A_share_that_fails_is_done_with_a_later_checkpoint()
    {
        await using var lone = Aged(rowsMax: 1_000);
        lone.Checkpoint();
        var fails = 1;
        lone.Journal.OnRange = kind => kind == RowKind.Peer && fails-- > 0 ? throw new TimeoutException("away") : true;
        Settle(lone);
        Assert.True(fails < 1);
        Assert.Equal(1, lone.Shard.DataKeyCount);
        Assert.Equal([2u], await FramesAsync(lone));
        HasAll(lone);
    }

    [Fact]
    public async Task A_shard_with_one_key_writes_nothing_for_its_keys()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Checkpoint();
        lone.Journal.Commits.Clear();
        lone.Checkpoint();
        lone.Checkpoint();
        Assert.Empty(lone.Journal.Commits);
        Assert.Equal(0, lone.Shard.RowsUnderOldKeys);
    }

    /// <summary>Gives a shard with rows of ten peers under a key that is due to be replaced.</summary>
    private static LoneShard Aged(int rowsMax)
    {
        var lone = LoneShard.Start(change: settings => settings with { Journal = settings.Journal with { DataKeyAge = Age, ResealRowsMax = rowsMax } });
        for (var i = 0; i < 10; i++)
        {
            lone.Add($"peer-{i}");
        }

        lone.Checkpoint();
        lone.Time.Advance(Age);
        return lone;
    }

    private static void Settle(LoneShard lone)
    {
        for (var round = 0; round < 40 && lone.Shard.DataKeyCount > 1; round++)
        {
            lone.Checkpoint();
        }
    }

    private static async Task<List<uint>> FramesAsync(LoneShard lone) =>
        await SealedRows.ReadAsync(lone.Journal.Store, LoneShard.Id, default).Select(row => row.DataKeyNumber).Distinct().ToListAsync();

    private static void HasAll(LoneShard lone) => Assert.All(Enumerable.Range(0, 10), i => Assert.True(lone.IsKnown($"peer-{i}")));
}

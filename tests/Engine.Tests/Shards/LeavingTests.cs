using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: no more peers are in memory than may be, those that leave are whole in the store, and those that still have something to do stay. Method: a shard
/// alone with few places.</summary>
public sealed class LeavingTests
{
    private const int Places = 8;

    [Fact]
    public async Task Peers_beyond_the_bound_leave_without_further_work_and_come_back_as_they_were()
    {
        await using var lone = Small();
        var names = Enumerable.Range(0, 30).Select(i => $"peer-{i}").ToArray();
        foreach (var name in names)
        {
            lone.Add(name);
            Assert.InRange(lone.Shard.ResidentCount, 1, Places);
        }

        foreach (var name in names)
        {
            Assert.Null(LoneShard.Done(Addressed(lone, name, $"memory://{name}")).Error);
            Assert.InRange(lone.Shard.ResidentCount, 1, Places);
        }

        foreach (var name in names)
        {
            Assert.Equal([$"memory://{name}"], lone.Look(name, static peer => peer.State.Addresses.ToArray()));
        }

        lone.Recover();
        foreach (var name in names)
        {
            Assert.Equal([$"memory://{name}"], lone.Look(name, static peer => peer.State.Addresses.ToArray()));
        }
    }

    [Fact]
    public async Task A_whole_batch_of_peers_beyond_the_bound_leaves_by_itself()
    {
        await using var lone = LoneShard.Start(change: Bounded(2));
        var added = Enumerable.Range(0, 200).Select(i => lone.AddLater($"peer-{i}")).ToList();
        lone.Run();
        Assert.All(added, add => Assert.Null(LoneShard.Done(add).Error));
        Assert.Equal(2, lone.Shard.ResidentCount);
        Assert.Equal(200, lone.Rows(RowKind.Peer).Count);
    }

    [Fact]
    public async Task One_shard_of_many_keeps_its_part_of_the_places_and_one_at_least()
    {
        await using var lone = LoneShard.Start(change: settings => settings with
        {
            Shard = settings.Shard with { Count = 4 }, Residency = settings.Residency with { ResidentPeersMax = 8 },
        });
        lone.Add("a", "b", "c", "d", "e");
        Assert.Equal(2, lone.Shard.ResidentCount);

        await using var tiny = LoneShard.Start(change: settings => settings with
        {
            Shard = settings.Shard with { Count = 4 }, Residency = settings.Residency with { ResidentPeersMax = 2 },
        });
        tiny.Add("a", "b", "c");
        Assert.Equal(1, tiny.Shard.ResidentCount);
    }

    [Fact]
    public async Task Whoever_is_used_again_and_again_stays_longer_than_others()
    {
        await using var lone = Small();
        Crowd(lone, "peer");
        var absent = 0;
        for (var i = 0; i < 200; i++)
        {
            _ = lone.Do("used", new PeerCommand.Tick());
            lone.Add($"other-{i}");
            absent += lone.IsResident("used") ? 0 : 1;
            if (i == 0)
            {
                lone.Add("used");
            }
        }

        Assert.InRange(absent, 0, 200 / (2 * Places));      // who is used once is gone after as many others as there are places
    }

    [Fact]
    public async Task Whoever_has_messages_on_their_way_stays()
    {
        await using var lone = Small();
        lone.Add("bob");
        lone.Send("bob", "on its way");
        Crowd(lone, "other");
        Assert.True(lone.IsResident("bob"));
    }

    [Fact]
    public async Task Whoever_has_a_batch_open_stays_until_that_is_performed()
    {
        await using var lone = LoneShard.Start(change: Bounded(1));
        lone.Add("bob", "carol", "dave");
        Assert.Equal(1, lone.Shard.ResidentCount);
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var changes = new[] { "bob", "carol", "dave" }.Select(name => Later(lone, name, "memory://new")).ToList();
        lone.Run();
        Assert.Equal(3, lone.Shard.ResidentCount);
        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.All(changes, change => Assert.Null(LoneShard.Done(change).Error));
        lone.Advance(LoneShard.CheckpointInterval);     // or with the next batch, whatever that is
        Assert.Equal(1, lone.Shard.ResidentCount);
        Assert.All(["bob", "carol", "dave"], name => Assert.Equal(["memory://new"], lone.Look(name, static peer => peer.State.Addresses.ToArray())));
    }

    [Fact]
    public async Task Whoever_waits_for_a_session_stays()
    {
        await using var lone = LoneShard.Start(change: Bounded(Places), begins: true);
        lone.Add("bob");
        var connected = lone.Do("bob", new PeerCommand.Connect(false));
        Crowd(lone, "other");
        Assert.False(connected.IsCompleted);
        Assert.True(lone.IsResident("bob"));
    }

    [Fact]
    public async Task Whoever_leaves_as_the_store_has_it_is_not_written_again()
    {
        await using var lone = Small();
        Crowd(lone, "peer");
        lone.Restart();
        lone.Journal.Commits.Clear();
        for (var i = 0; i < 4 * Places; i++)
        {
            Assert.True(lone.IsKnown($"peer-{i}"));
        }

        Assert.InRange(lone.Shard.ResidentCount, 1, Places);
        Assert.Empty(lone.Journal.Commits);
    }

    [Fact]
    public async Task Whoever_was_forgotten_leaves_nothing_in_the_store()
    {
        await using var lone = Small();
        lone.Add("bob", "carol");
        lone.Send("bob", "never sent");
        lone.Checkpoint();
        Assert.Single(lone.Rows(RowKind.Outbox));
        Assert.NotEmpty(lone.Rows(RowKind.Document));
        var documents = lone.Rows(RowKind.Document).Count;
        _ = lone.Do("bob", new PeerCommand.Forget());
        lone.Run();
        Assert.Empty(lone.Rows(RowKind.Outbox));
        Assert.Single(lone.Rows(RowKind.Peer));
        Assert.Single(lone.Rows(RowKind.PeerKey));
        Assert.Equal(documents / 2, lone.Rows(RowKind.Document).Count);
        Assert.Equal(1, lone.Shard.ResidentCount);
        lone.Checkpoint();
        Assert.Single(lone.Rows(RowKind.Peer));
        Assert.False(lone.IsKnown("bob"));
        lone.Recover();
        Assert.False(lone.IsKnown("bob"));
        Assert.True(lone.IsKnown("carol"));
    }

    private static LoneShard Small() => LoneShard.Start(change: Bounded(Places));

    private static Func<Kyberium.Engine.Settings.EngineSettings, Kyberium.Engine.Settings.EngineSettings> Bounded(int places) =>
        settings => settings with { Residency = settings.Residency with { ResidentPeersMax = places } };

    private static void Crowd(LoneShard lone, string name)
    {
        for (var i = 0; i < 4 * Places; i++)
        {
            lone.Add($"{name}-{i}");
        }
    }

    private static Task<PeerReply> Later(LoneShard lone, string peer, string address) => lone.Do(peer, new PeerCommand.SetAddresses([address]));

    private static Task<PeerReply> Addressed(LoneShard lone, string peer, string address)
    {
        var done = Later(lone, peer, address);
        lone.Run();
        return done;
    }
}

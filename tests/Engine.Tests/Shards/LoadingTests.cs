using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: work for a peer that is not in memory waits for it, bounded, and for nobody else. Method: a shard alone, whose reads the test holds.</summary>
public sealed class LoadingTests
{
    [Fact]
    public async Task A_peer_is_read_once_for_all_that_waits_for_it_and_that_keeps_its_order()
    {
        await using var lone = Stored("bob");
        var read = new Held();
        lone.Journal.ReadGate = () => read.Task;
        var sent = new List<Task<PeerReply>>();
        for (var i = 0; i < 5; i++)
        {
            sent.Add(lone.SendLater("bob", $"{i}"));
            lone.Run();
        }

        Assert.Equal(1, lone.Journal.PeersRead);
        LoneShard.Alone(read.SetResult);
        lone.Run();
        Assert.Equal([1UL, 2UL, 3UL, 4UL, 5UL], sent.Select(send => LoneShard.Done(send).Number));
        Assert.Equal(["0", "1", "2", "3", "4"], lone.Outbox("bob"));
        Assert.Equal(1, lone.Journal.PeersRead);
    }

    [Fact]
    public async Task While_one_peer_is_read_those_in_memory_are_served()
    {
        await using var lone = Stored("bob");
        lone.Add("carol");
        var read = new Held();
        lone.Journal.ReadGate = () => read.Task;
        var waiting = lone.SendLater("bob", "1");
        lone.Run();
        Assert.Equal(1UL, lone.Send("carol", "at once"));
        Assert.False(waiting.IsCompleted);
        LoneShard.Alone(read.SetResult);
        lone.Run();
        Assert.Equal(1UL, LoneShard.Done(waiting).Number);
    }

    [Theory]
    [InlineData(3, 1_000, 3)]
    [InlineData(100, 30, 3)]
    [InlineData(100, 31, 4)]
    public async Task No_more_waits_for_peers_than_the_mailbox_may_hold(int countMax, long bytesMax, int parked)
    {
        await using var lone = Stored("bob", change: settings => settings with
        {
            Shard = settings.Shard with { MailboxCountMax = countMax, MailboxBytesMax = bytesMax },
        });
        var read = new Held();
        lone.Journal.ReadGate = () => read.Task;
        var sent = new List<Task<PeerReply>>();
        for (var i = 0; i < parked + 2; i++)
        {
            sent.Add(lone.SendLater("bob", "ten bytes."));
            lone.Run();
        }

        Assert.Equal(2, lone.Shard.MailboxCount);
        LoneShard.Alone(read.SetResult);
        lone.Run();
        Assert.All(sent, send => Assert.Null(LoneShard.Done(send).Error));
        Assert.Equal(0, lone.Shard.MailboxCount);
        Parks(lone, parked);        // the room is free again
    }

    [Fact]
    public async Task Whoever_nobody_knows_is_unknown_and_leaves_nothing_in_memory()
    {
        await using var lone = LoneShard.Start();
        var sent = lone.SendLater("nobody", "1");
        lone.Run();
        Assert.Equal(EngineErrorCode.PeerUnknown, LoneShard.CodeOf(sent));
        Assert.Equal(0, lone.Shard.ResidentCount);
        lone.Add("nobody");
        Assert.Equal(1UL, lone.Send("nobody", "known by now"));
    }

    [Fact]
    public async Task A_peer_that_comes_and_is_not_added_leaves_nothing_in_memory()
    {
        await using var lone = LoneShard.Start();
        var refused = lone.Post(new Shy(LoneShard.Key("bob")));
        lone.Run();
        Assert.True(refused.IsCompleted);
        Assert.Equal(0, lone.Shard.ResidentCount);
        Assert.False(lone.IsResident("bob"));
    }

    [Fact]
    public async Task A_read_that_fails_fails_those_who_wait_with_its_code_and_the_next_reads_again()
    {
        await using var lone = Stored("bob");
        lone.Journal.ReadGate = static () => throw new EngineException(EngineErrorCode.KeyringWrongKey, "away");
        var first = lone.SendLater("bob", "1");
        lone.Run();
        Assert.Equal(EngineErrorCode.KeyringWrongKey, LoneShard.CodeOf(first));
        lone.Journal.ReadGate = static () => throw new TimeoutException("not of the engine");
        var second = lone.SendLater("bob", "2");
        lone.Run();
        Assert.Equal(EngineErrorCode.JournalUnavailable, LoneShard.CodeOf(second));
        lone.Journal.ReadGate = null;
        Assert.Equal(1UL, lone.Send("bob", "3"));
    }

    [Theory]
    [InlineData(RowKind.PeerKey)]
    [InlineData(RowKind.Peer)]
    public async Task A_damaged_row_is_told_to_whoever_wants_the_peer_and_nobody_else(RowKind damaged)
    {
        await using var lone = Stored("bob", "carol");
        lone.Journal.OnRow = row => row.Key.Kind == damaged ? row with { Value = Flipped(row.Value) } : row;
        var sent = lone.SendLater("bob", "1");
        lone.Run();
        Assert.Equal(EngineErrorCode.JournalCorrupt, LoneShard.CodeOf(sent));
        lone.Journal.OnRow = null;
        Assert.Equal(1UL, lone.Send("carol", "1"));
        Assert.False(lone.Shard.Ended.IsCompleted);
    }

    [Fact]
    public async Task What_is_asked_of_a_name_whose_peer_is_being_forgotten_waits_for_the_store_and_finds_nobody()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Checkpoint();
        var flush = new Held();
        lone.Journal.Gate = _ => flush.Task;
        var forgotten = lone.Do("bob", new PeerCommand.Forget());
        var inItsBatch = lone.SendLater("bob", "1");
        lone.Run();
        var behind = lone.SendLater("bob", "2");
        lone.Run();
        Assert.Equal((1, false, false), (lone.Journal.PeersRead, inItsBatch.IsCompleted, behind.IsCompleted));

        LoneShard.Alone(flush.SetResult);
        lone.Run();
        Assert.Null(LoneShard.Done(forgotten).Error);
        Assert.All([inItsBatch, behind], task => Assert.Equal(EngineErrorCode.PeerUnknown, LoneShard.CodeOf(task)));
        Assert.Equal(0, lone.Shard.ResidentCount);
        Assert.Empty(lone.Rows(RowKind.PeerKey));
        Assert.Empty(lone.Rows(RowKind.Peer));
    }

    [Fact]
    public async Task A_peer_that_is_forgotten_and_added_in_one_breath_begins_anew()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Send("bob", "of the first");
        var forgotten = lone.Do("bob", new PeerCommand.Forget());
        var added = lone.AddLater("bob");
        var sent = lone.SendLater("bob", "of the second");
        lone.Run();
        Assert.Equal((null, null, 1UL), (LoneShard.Done(forgotten).Error, LoneShard.Done(added).Error, LoneShard.Done(sent).Number));
        Assert.Equal(["of the second"], lone.Outbox("bob"));
        lone.Recover();
        Assert.Equal(["of the second"], lone.Outbox("bob"));
        lone.Restart();
        Assert.Equal(["of the second"], lone.Outbox("bob"));
    }

    [Fact]
    public async Task A_peer_is_listed_when_it_is_stored_and_found_by_nothing_else()
    {
        await using var lone = Stored("bob", "carol");
        Assert.Equal(["bob", "carol"], lone.Get(() => lone.Shard.ListPeersAsync(CancellationToken.None)).Select(key => key.Peer.Value).Order());
        Assert.Null(lone.Get(() => lone.Shard.FindOwnerAsync(new Kyberium.Engine.Wire.ReceiverIndex(5))));
    }

    private static void Parks(LoneShard lone, int parked)
    {
        var waiting = new Held();
        lone.Journal.ReadGate = () => waiting.Task;
        for (var i = 0; i < parked; i++)
        {
            _ = lone.SendLater("absent", "ten bytes.");
            lone.Run();
        }

        Assert.Equal(0, lone.Shard.MailboxCount);
        LoneShard.Alone(waiting.SetResult);
        lone.Run();
    }

    /// <summary>Gives a shard with peers that are in its store and not in memory.</summary>
    private static LoneShard Stored(params string[] peers) => Stored(peers, null);

    private static LoneShard Stored(string peer, Func<Kyberium.Engine.Settings.EngineSettings, Kyberium.Engine.Settings.EngineSettings> change) =>
        Stored([peer], change);

    private static LoneShard Stored(string[] peers, Func<Kyberium.Engine.Settings.EngineSettings, Kyberium.Engine.Settings.EngineSettings>? change)
    {
        var lone = LoneShard.Start(change: change);
        lone.Add(peers);
        lone.Restart();
        Assert.Equal(0, lone.Shard.ResidentCount);
        lone.Journal.ForgetReads();
        return lone;
    }

    private static ReadOnlyMemory<byte> Flipped(ReadOnlyMemory<byte> bytes)
    {
        var damaged = bytes.ToArray();
        damaged[^20] ^= 1;
        return damaged;
    }

    /// <summary>Asks for a new peer and then adds none.</summary>
    private sealed class Shy(PeerKey peer) : ShardWork
    {
        internal bool IsCompleted { get; private set; }

        internal override PeerKey? Peer => peer;

        internal override bool IsForNewPeer => true;

        internal override void Stage(ShardTurn turn, ResidentPeer? peer)
        {
        }

        internal override void Complete() => IsCompleted = true;
    }
}

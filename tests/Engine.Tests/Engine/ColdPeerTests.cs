namespace Kyberium.Engine.Tests.Engine;

/// <summary>The first touch of a peer that is not in memory. Goal: it waits for nothing but its own rows, and tells nobody. Method: commits are held back, and
/// what goes out is counted.</summary>
public sealed class ColdPeerTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_look_at_a_cold_peer_does_not_wait_for_the_flush_of_another()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        var carol = await CarolAsync(bob);
        await alice.Engine.AddPeerAsync(carol);
        await alice.RestartAsync();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        alice.Journal.Before = _ =>
        {
            reached.TrySetResult();
            return held.Task;
        };
        try
        {
            var suspended = alice.Engine.SuspendPeerAsync(carol.Peer);
            await reached.Task.WaitAsync(Bound);

            Assert.Equal(PeerStatus.Active, (await alice.PeerAsync(bob).WaitAsync(Bound)).Status);      // cold, and in the same shard
            Assert.Equal(PeerStatus.Active, (await alice.PeerAsync(bob).WaitAsync(Bound)).Status);      // resident now, and still in nobody's batch
            Assert.False(suspended.IsCompleted);
            var look = alice.Engine.GetPeerAsync(carol.Peer, cancellationToken: Party.Timely);
            var isDurable = look.ContinueWith(_ => held.Task.IsCompleted, TaskContinuationOptions.ExecuteSynchronously);

            held.SetResult();
            Assert.True(await isDurable.WaitAsync(Bound), "what it sees was not durable yet");
            await suspended.WaitAsync(Bound);
            Assert.Equal(PeerStatus.Suspended, (await look.WaitAsync(Bound)).Status);
        }
        finally
        {
            held.TrySetResult();        // or the engine could not stop
        }
    }

    [Fact]
    public async Task A_peer_that_left_in_order_comes_back_without_a_word_and_a_lost_acknowledgement_is_made_good()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);
        await bob.RestartAsync();
        var sent = bob.Sent.Count;

        Assert.Equal(1UL, (await bob.PeerAsync(alice)).AcceptedThrough);
        Assert.Equal(sent, bob.Sent.Count);

        bob.Passes = static _ => false;
        await alice.SendAsync(bob, "two");
        Assert.Equal(["two"], await bob.ReceiveAsync(1));
        await bob.Engine.CheckpointAsync(Party.Timely);
        await bob.RestartAsync();
        bob.Passes = static _ => true;
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);     // sent again, and acknowledged as a repeat
        Assert.Equal(2UL, (await bob.PeerAsync(alice)).AcceptedThrough);
    }

    [Fact]
    public async Task Rows_of_messages_are_listed_only_where_there_are_some()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "waits");
        await alice.RestartAsync();
        Assert.Equal(1, (await alice.PeerAsync(bob)).OutboxCount);

        alice.Passes = static _ => true;
        Assert.Equal(["waits"], await bob.ReceiveAsync(1));
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);
        await alice.RestartAsync();
        var ranges = 0;
        alice.Journal.OnRange = (kind, prefix) => Interlocked.Add(ref ranges, kind is RowKind.Outbox or RowKind.Inbox && !prefix.IsEmpty ? 1 : 0);
        Assert.Equal(0, (await alice.PeerAsync(bob)).OutboxCount);
        Assert.Equal(0, ranges);
    }

    private static async Task<NewPeer> CarolAsync(Party party)
    {
        var carol = await party.Engine.CreateIdentityAsync(new IdentityName("carol"));
        return new NewPeer { Peer = new PeerId("carol"), PublicDocument = carol.PublicDocument, Addresses = [] };
    }
}

namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>One side lost its store, or went back in time: what the other side does, and what its operator may.</summary>
public sealed class LostStateTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(TestTemplates.Hold)]
    public async Task Who_lost_everything_gets_what_was_queued_and_with_hold_only_once_an_operator_agrees(string? template)
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: template);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "handled before the loss");
        Assert.Equal(["handled before the loss"], await bob.ReceiveAsync(1));
        await alice.HasDeliveredAsync(bob);
        await bob.StopAsync();
        await alice.SendAsync(bob, "queued 1");
        await alice.SendAsync(bob, "queued 2");

        // A new machine: no store, no keyring, so another identity, which alice's operator pins beside the lost one.
        bob.DataDirectory = Path.Combine(bob.Folder, "data-of-the-new-machine");
        bob.KeyringPath = Path.Combine(bob.Folder, "keys-of-the-new-machine", "keyring");
        await bob.StartNewAsync();
        await bob.KnowAsync(alice, template);
        await alice.Engine.AddPinAsync(bob.Id, bob.Document);
        await bob.ConnectAsync(alice);

        if (template is not null)
        {
            await Node.UntilAsync(async () => (await alice.PeerAsync(bob)).Status == PeerStatus.Held);
            await Node.HasAuditedAsync("session-unchained", alice);
            await alice.SendAsync(bob, "queued 3");
            Assert.Equal(3, (await alice.PeerAsync(bob)).OutboxCount);
            await bob.SendAsync(alice, "the other way is open");        // what comes is not held, what goes is
            Assert.Equal(["the other way is open"], await alice.ReceiveAsync(1));
            Assert.Equal(0, (await bob.PeerAsync(alice)).InboxCount);

            await alice.RestartAsync();
            Assert.Equal(PeerStatus.Held, (await alice.PeerAsync(bob)).Status);
            await alice.Engine.ReleasePeerAsync(bob.Id);
        }

        string[] expected = template is null ? ["queued 1", "queued 2"] : ["queued 1", "queued 2", "queued 3"];
        Assert.Equal(expected, await bob.ReceiveAsync(expected.Length));
        await alice.HasDeliveredAsync(bob);
        Assert.Equal(PeerStatus.Active, (await alice.PeerAsync(bob)).Status);
        await bob.SendAsync(alice, "back");
        Assert.Equal(["back"], await alice.ReceiveAsync(1));
        Assert.Single((await alice.PeerAsync(bob)).Pins);
    }

    [Fact]
    public async Task With_refuse_a_peer_that_starts_over_is_not_answered_until_the_live_session_is_closed()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.Refuse);
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var session = (await alice.PeerAsync(bob)).Session;
        await bob.StopAsync();
        bob.Configure = options =>
        {
            TestTemplates.Use(options);
            options.Handshake.Timeout = TimeSpan.FromSeconds(2);
        };
        await bob.StartAsync(accept: true);     // drops its sessions without a word
        await Node.FailsAsync(EngineErrorCode.HandshakeTimedOut, () => bob.ConnectAsync(alice));
        Assert.Equal(session, (await alice.PeerAsync(bob)).Session);
        await Node.HasAuditedAsync("session-refused", alice);

        bob.Configure = TestTemplates.Use;      // time enough for the one that is to succeed
        await bob.RestartAsync();
        await alice.Engine.CloseAsync(bob.Id);
        await bob.ConnectAsync(alice);
        await bob.SendAsync(alice, "let in");
        Assert.Equal(["let in"], await alice.ReceiveAsync(1));
        await alice.SendAsync(bob, "as was this");
        Assert.Equal(["as was this"], await bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task An_older_copy_is_refused_and_the_commands_of_the_message_bring_traffic_back_both_ways()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await ExchangeAsync(alice, bob, "first");
        await alice.StopAsync();
        var copy = alice.CopyStore("backup");
        await alice.StartAsync();
        await ExchangeAsync(alice, bob, "after the backup");
        await alice.StopAsync();
        alice.DataDirectory = copy;

        var failure = await Node.FailsAsync(EngineErrorCode.StoreRolledBack, () => alice.StartAsync());
        Assert.Contains("'kyberium restore --accept'", failure.Message, StringComparison.Ordinal);
        await alice.StartAsync(accept: true);

        await alice.SendAsync(bob, "on the restored copy");
        await bob.SendAsync(alice, "to the restored copy");
        await MendAsync(alice, bob);
        Assert.Equal("on the restored copy", (await bob.ReceiveAsync(1)).Single());
        Assert.Equal("to the restored copy", (await alice.ReceiveAsync(1)).Single());
        await ExchangeAsync(alice, bob, "and on");
        await alice.RestartAsync();     // once accepted, the copy is the store
        await ExchangeAsync(alice, bob, "after a restart");
    }

    [Fact]
    public async Task A_clone_of_store_and_keyring_together_is_found_by_the_peer_and_reset_stream_brings_traffic_back()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await ExchangeAsync(alice, bob, "first");
        await alice.StopAsync();
        var store = alice.CopyStore("clone");
        var keys = alice.CopyKeyring("cloned-keys");

        await alice.StartAsync();
        await ExchangeAsync(alice, bob, "second");
        await alice.StopAsync();
        (alice.DataDirectory, alice.KeyringPath) = (store, keys);
        await alice.StartAsync();       // nothing here tells that it is old

        await alice.SendAsync(bob, "number 2 once more");
        await Node.UntilAsync(async () => (await Stops(alice, bob)).Length + (await Stops(bob, alice)).Length > 0);
        await Node.HasAuditedAsync("stream-stopped", alice, bob);
        Assert.Equal(0, (await bob.PeerAsync(alice)).InboxCount);

        await bob.SendAsync(alice, "number 3");     // shows the other direction to be torn as well
        await MendAsync(alice, bob);
        Assert.Equal(["number 2 once more"], await bob.ReceiveAsync(1));
        Assert.Equal(["number 3"], await alice.ReceiveAsync(1));
        await ExchangeAsync(alice, bob, "and on");
    }

    private static async Task<string> Stops(Node node, Node peer)
    {
        var info = await node.PeerAsync(peer);
        return info.OutgoingStopped + info.IncomingStopped;
    }

    private static async Task ExchangeAsync(Node alice, Node bob, string text)
    {
        await alice.SendAsync(bob, text);
        await bob.SendAsync(alice, text);
        Assert.Equal([text], await bob.ReceiveAsync(1));
        Assert.Equal([text], await alice.ReceiveAsync(1));
        await alice.HasDeliveredAsync(bob);
        await bob.HasDeliveredAsync(alice);
    }

    /// <summary>Does what an operator does who watches both sides: resets a stream that stands still, until nothing is left to deliver.</summary>
    private static async Task MendAsync(Node alice, Node bob)
    {
        await Node.UntilAsync(async () =>
        {
            var isDone = true;
            foreach (var (node, peer) in ((Node, Node)[])[(alice, bob), (bob, alice)])
            {
                var info = await node.PeerAsync(peer);
                isDone &= info.OutboxCount == 0;
                if (info.OutgoingStopped.Length + info.IncomingStopped.Length > 0)
                {
                    await node.Engine.ResetStreamAsync(
                        peer.Id, outgoing: info.OutgoingStopped.Length > 0, incoming: info.IncomingStopped.Length > 0);
                }
            }

            return isDone;
        });
    }
}

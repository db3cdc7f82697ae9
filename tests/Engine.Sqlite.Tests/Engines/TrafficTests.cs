namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>Days of a pair of engines over real files: rekeys, clocks that jump, operators' acts, messages that expire or fail.</summary>
public sealed class TrafficTests
{
    [Fact]
    public async Task A_rekey_comes_by_count_and_neither_volatile_nor_durable_traffic_notices()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.FewRecords);
        await using var _a = alice;
        await using var _b = bob;
        var sent = 0;
        await Node.UntilAsync(async () =>
        {
            Assert.Equal($"{sent}", await bob.OpenAsync(await alice.SealAsync(bob, $"{sent}")));
            sent++;
            return (await alice.PeerAsync(bob)).Epoch >= 2;
        });
        Assert.InRange(sent, TestTemplates.RecordsSoft, 4 * TestTemplates.RecordsSoft * 2);
        await Node.HasAuditedAsync("rekeyed", alice);

        await alice.SendAsync(bob, "durable");
        Assert.Equal(["durable"], await bob.ReceiveAsync(1));
        await alice.RestartAsync();
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
    }

    [Fact]
    public async Task A_rekey_comes_by_age_and_the_old_epoch_opens_for_its_grace_only()
    {
        var time = new ManualTime();
        var (alice, bob) = await Node.PairAsync(time: time);
        await using var _a = alice;
        await using var _b = bob;
        await PassAsync(alice.ConnectAsync(bob), time, TimeSpan.FromMilliseconds(1));
        await PassAsync(bob.ConnectAsync(alice), time, TimeSpan.FromMilliseconds(1));
        var early = await alice.SealAsync(bob, "sealed in epoch 0");
        var late = await alice.SealAsync(bob, "opened too late");
        time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(0U, (await alice.PeerAsync(bob)).Epoch);

        time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1));
        await Node.UntilAsync(
            async () => (await alice.PeerAsync(bob)).Epoch == 1 && (await bob.PeerAsync(alice)).Epoch == 1,
            () => time.Advance(TimeSpan.FromMilliseconds(10)));
        Assert.Equal("sealed in epoch 0", await bob.OpenAsync(early));
        Assert.Equal("sealed in epoch 1", await bob.OpenAsync(await alice.SealAsync(bob, "sealed in epoch 1")));
        // The grace runs once the peer is seen in the new epoch.
        await alice.SendAsync(bob, "seen");
        Assert.Equal(["seen"], await bob.ReceiveAsync(1));
        time.Advance(TimeSpan.FromMinutes(4));
        await bob.PeerAsync(alice);     // asked after the clock's tick, so answered after it
        await Node.FailsAsync(EngineErrorCode.EnvelopeRejected, () => bob.OpenAsync(late));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task A_wall_clock_that_jumps_by_days_disturbs_neither_sessions_nor_messages_without_expiry(int days)
    {
        var clock = new ShiftedClock();
        var (alice, bob) = await Node.PairAsync(time: clock);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "before");
        Assert.Equal(["before"], await bob.ReceiveAsync(1));
        var session = (await alice.PeerAsync(bob)).Session;
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "under way");

        clock.Shift(TimeSpan.FromDays(days));
        alice.Passes = static _ => true;
        await alice.SendAsync(bob, "after", expiresAfter: TimeSpan.FromHours(1));
        Assert.Equal(["under way", "after"], await bob.ReceiveAsync(2));
        Assert.Equal("volatile", await bob.OpenAsync(await alice.SealAsync(bob, "volatile")));
        Assert.Equal(session, (await alice.PeerAsync(bob)).Session);

        await alice.RestartAsync();
        await alice.SendAsync(bob, "after a restart");
        Assert.Equal(["after a restart"], await bob.ReceiveAsync(1));
        await alice.HasDeliveredAsync(bob);
    }

    [Fact]
    public async Task An_expiry_is_counted_in_wall_time_across_a_stop_and_the_peer_never_sees_the_message()
    {
        var clock = new ShiftedClock();
        var (alice, bob) = await Node.PairAsync(time: clock);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "first");
        Assert.Equal(["first"], await bob.ReceiveAsync(1));
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "news of the day", expiresAfter: TimeSpan.FromHours(1));
        await alice.SendAsync(bob, "contract");
        await alice.StopAsync();

        clock.Shift(TimeSpan.FromHours(2));
        await alice.StartAsync();
        await Node.UntilAsync(async () =>
        {
            await alice.PeerAsync(bob);
            return alice.Audited.Any(e => e.Kind == "message-expired");
        });
        alice.Passes = static _ => true;
        Assert.Equal(["contract"], await bob.ReceiveAsync(1));
        await alice.HasDeliveredAsync(bob);
        Assert.Equal(3UL, (await bob.PeerAsync(alice)).AcceptedThrough);
    }

    [Fact]
    public async Task A_suspended_peer_keeps_its_queue_over_a_restart_and_gets_it_when_it_is_resumed()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        bob.Passes = static _ => false;     // no acknowledgement comes back
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "queued");
        await alice.Engine.SuspendPeerAsync(bob.Id);
        await Node.FailsAsync(EngineErrorCode.PeerSuspended, () => alice.SendAsync(bob, "no"));
        await Node.FailsAsync(EngineErrorCode.PeerSuspended, () => alice.SealAsync(bob, "no").AsTask());
        await alice.RestartAsync();
        Assert.Equal(PeerStatus.Suspended, (await alice.PeerAsync(bob)).Status);
        alice.Passes = static _ => true;
        bob.Passes = static _ => true;

        await alice.Engine.ResumePeerAsync(bob.Id);
        Assert.Equal(["queued"], await bob.ReceiveAsync(1));
        await alice.SendAsync(bob, "next");
        Assert.Equal(["next"], await bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task A_peer_removed_with_traffic_queued_and_added_again_starts_at_one_and_gets_nothing_of_the_old()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "handled");
        Assert.Equal(["handled"], await bob.ReceiveAsync(1));
        await alice.HasDeliveredAsync(bob);
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "never to arrive");
        await alice.Engine.RemovePeerAsync(bob.Id);
        await Node.FailsAsync(EngineErrorCode.PeerUnknown, () => alice.SendAsync(bob, "no"));
        await alice.RestartAsync();
        await Node.FailsAsync(EngineErrorCode.PeerUnknown, () => alice.PeerAsync(bob));

        alice.Passes = static _ => true;
        Assert.Equal(1UL, (await alice.KnowAsync(bob)).NextNumber);
        await alice.SendAsync(bob, "a new start");
        Assert.Equal(["a new start"], await bob.ReceiveAsync(1));
        await bob.SendAsync(alice, "back");
        Assert.Equal(["back"], await alice.ReceiveAsync(1));
        await Node.HasAuditedAsync("peer-state-lost", bob);
    }

    [Fact]
    public async Task An_identity_is_rotated_over_restarts_while_the_peer_holds_both_pins()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "old keys");
        Assert.Equal(["old keys"], await bob.ReceiveAsync(1));
        var rotated = await alice.Engine.RotateIdentityAsync(IdentityName.Default);
        await alice.RestartAsync();
        Assert.Equal(rotated.Fingerprint, alice.Engine.GetIdentity(IdentityName.Default).Fingerprint);
        await bob.Engine.AddPinAsync(alice.Id, rotated.PublicDocument);
        await bob.RestartAsync();
        Assert.Equal(2, (await bob.PeerAsync(alice)).Pins.Count);

        await alice.SendAsync(bob, "while both stand");
        Assert.Equal(["while both stand"], await bob.ReceiveAsync(1));
        await alice.Engine.CloseAsync(bob.Id);
        await Node.UntilAsync(async () => (await bob.PeerAsync(alice)).Session.Length == 0);
        await alice.ConnectAsync(bob);
        await Node.UntilAsync(async () => (await bob.PeerAsync(alice)).Pins is [var only] && only == rotated.Fingerprint);
        await alice.Engine.FinishIdentityRotationAsync(IdentityName.Default);
        await alice.RestartAsync();
        await bob.RestartAsync();
        await alice.SendAsync(bob, "new keys");
        Assert.Equal(["new keys"], await bob.ReceiveAsync(1));
        await bob.SendAsync(alice, "to new keys");
        Assert.Equal(["to new keys"], await alice.ReceiveAsync(1));
    }

    [Fact]
    public async Task A_message_whose_handler_keeps_failing_is_set_aside_over_restarts_and_can_be_retried_or_dropped()
    {
        var (alice, bob) = await Node.PairAsync(options => options.Delivery.HandlerAttemptsMax = 3);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "poison");
        await alice.SendAsync(bob, "sound");
        var attempts = 0;
        await foreach (var message in bob.Engine.ReceiveAsync(Node.Timely))
        {
            if (message.Payload.Span.SequenceEqual("sound"u8))
            {
                await bob.Engine.AcknowledgeAsync(message.Id);
            }
            else
            {
                attempts++;
                await bob.Engine.RejectAsync(message.Id);
            }

            if (attempts == 3 && (await bob.PeerAsync(alice)).InboxCount == 1)
            {
                break;
            }
        }

        Assert.Equal(1, (await bob.PeerAsync(alice)).SetAsideCount);
        await bob.RestartAsync();
        var aside = Assert.Single(await bob.Engine.ListSetAsideAsync(alice.Id));
        await bob.Engine.RetryAsync(aside.Id);
        Assert.Equal(["poison"], await bob.ReceiveAsync(1));
        Assert.Empty(await bob.Engine.ListSetAsideAsync(alice.Id));
        await Node.FailsAsync(EngineErrorCode.MessageUnknown, () => bob.Engine.DropAsync(aside.Id));
        Assert.Equal(0, (await bob.PeerAsync(alice)).InboxCount);
    }

    [Fact]
    public async Task Eight_peers_pass_through_two_places_and_restarts_with_every_message()
    {
        var network = new InMemoryNetwork();
        await using var hub = new Node("hub", network, options => options.Residency.ResidentPeersMax = 2);
        await hub.StartNewAsync();
        var peers = Enumerable.Range(0, 8).Select(i => new Node($"peer-{i}", network)).ToList();
        foreach (var peer in peers)
        {
            await peer.StartNewAsync();
            await peer.KnowAsync(hub);
            await hub.KnowAsync(peer);
        }

        for (var round = 0; round < 3; round++)
        {
            foreach (var peer in peers)
            {
                await hub.SendAsync(peer, $"{round} to {peer.Name}");
                await peer.SendAsync(hub, $"{round} of {peer.Name}");
            }

            foreach (var peer in peers)
            {
                Assert.Equal([$"{round} to {peer.Name}"], await peer.ReceiveAsync(1));
            }

            Assert.Equal(peers.Select(peer => $"{round} of {peer.Name}"), (await hub.ReceiveAsync(peers.Count)).Order());
            await hub.RestartAsync();
        }

        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    private static Task PassAsync(Task task, ManualTime time, TimeSpan step) =>
        Node.UntilAsync(() => Task.FromResult(task.IsCompleted), () => time.Advance(step));
}

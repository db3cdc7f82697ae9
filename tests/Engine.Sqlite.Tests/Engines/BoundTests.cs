namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>Queues at their bounds: what is refused says so, what is kept stops growing, and everything goes on when there is room.</summary>
public sealed class BoundTests
{
    [Fact]
    public async Task A_full_outbox_refuses_with_a_transient_code_over_a_restart_and_takes_again_what_was_acknowledged()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.SmallQueues);
        await using var _a = alice;
        await using var _b = bob;
        alice.Passes = static _ => false;
        for (var i = 0; i < TestTemplates.OutboxCountMax; i++)
        {
            await alice.SendAsync(bob, $"{i}");
        }

        for (var i = 0; i < 100; i++)
        {
            var refused = await Node.FailsAsync(EngineErrorCode.OutboxFull, () => alice.SendAsync(bob, "beyond"));
            Assert.True(refused.IsTransient);
        }

        await alice.RestartAsync();
        await Node.FailsAsync(EngineErrorCode.OutboxFull, () => alice.SendAsync(bob, "beyond"));
        Assert.Equal(TestTemplates.OutboxCountMax, (await alice.PeerAsync(bob)).OutboxCount);
        alice.Passes = static _ => true;
        Assert.Equal(Enumerable.Range(0, TestTemplates.OutboxCountMax).Select(i => $"{i}"), await bob.ReceiveAsync(TestTemplates.OutboxCountMax));
        await alice.HasDeliveredAsync(bob);
        await alice.SendAsync(bob, "room again");
        Assert.Equal(["room again"], await bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task Who_waits_for_room_is_answered_as_it_is_made_and_nothing_is_lost_or_sent_twice()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.SmallOutbox);
        await using var _a = alice;
        await using var _b = bob;
        alice.Passes = static _ => false;
        const int Count = 10 * TestTemplates.OutboxCountMax;
        var sent = Enumerable.Range(0, Count).Select(i => alice.SendWhenRoomAsync(bob, $"{i}", CancellationToken.None)).ToList();
        using var impatience = new CancellationTokenSource();
        await Node.UntilAsync(() => Task.FromResult(sent.Count(static call => call.IsCompletedSuccessfully) == TestTemplates.OutboxCountMax));
        var withdrawn = alice.SendWhenRoomAsync(bob, "withdrawn", impatience.Token);
        Assert.Equal(TestTemplates.OutboxCountMax, (await alice.PeerAsync(bob)).OutboxCount);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn);
        Assert.Equal(Count - TestTemplates.OutboxCountMax, sent.Count(static call => !call.IsCompleted));

        alice.Passes = static _ => true;
        var received = await bob.ReceiveAsync(Count);
        var numbers = (await Task.WhenAll(sent)).Select(message => message.Number).ToList();
        await alice.HasDeliveredAsync(bob);

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}").Order(), received.Order());
        Assert.Equal(Enumerable.Range(1, Count).Select(i => (ulong)i), numbers.Order());
        Assert.Equal(Enumerable.Range(0, Count).OrderBy(i => numbers[i]).Select(i => $"{i}"), received);
    }

    [Fact]
    public async Task Who_waits_for_room_when_the_engine_stops_is_told_so()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.SmallOutbox);
        await using var _a = alice;
        await using var _b = bob;
        alice.Passes = static _ => false;
        var sent = Enumerable.Range(0, 2 * TestTemplates.OutboxCountMax).Select(i => alice.SendWhenRoomAsync(bob, $"{i}", CancellationToken.None)).ToList();
        await Node.UntilAsync(() => Task.FromResult(sent.Count(static call => call.IsCompletedSuccessfully) == TestTemplates.OutboxCountMax));

        await alice.RestartAsync();

        foreach (var call in sent.Where(static call => !call.IsCompletedSuccessfully))
        {
            var told = await Assert.ThrowsAsync<EngineException>(() => call);
            Assert.True(told.Code == EngineErrorCode.EngineStopping && told.IsTransient, told.Message);
        }

        Assert.Equal(TestTemplates.OutboxCountMax, (await alice.PeerAsync(bob)).OutboxCount);
    }

    [Fact]
    public async Task A_full_inbox_takes_no_more_leaves_the_rest_with_the_sender_and_loses_nothing()
    {
        var (alice, bob) = await Node.PairAsync(TestTemplates.Use, template: TestTemplates.SmallQueues);
        await using var _a = alice;
        await using var _b = bob;
        const int Count = TestTemplates.OutboxCountMax;
        for (var i = 0; i < Count; i++)
        {
            await alice.SendAsync(bob, $"{i}");
        }

        await Node.UntilAsync(async () => (await bob.PeerAsync(alice)).InboxCount == TestTemplates.InboxCountMax);
        var before = alice.Sent.Count;
        await Node.UntilAsync(() => Task.FromResult(alice.Sent.Count > before + 8));     // it was sent again, and found no room again
        Assert.Equal(TestTemplates.InboxCountMax, (await bob.PeerAsync(alice)).InboxCount);
        Assert.InRange((await alice.PeerAsync(bob)).OutboxCount, Count - TestTemplates.InboxCountMax, Count);
        await bob.RestartAsync();
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), await bob.ReceiveAsync(Count));
        await alice.HasDeliveredAsync(bob);
    }

    [Fact]
    public async Task Handshakes_that_nobody_answers_are_bounded_in_number_and_in_time()
    {
        var (alice, bob) = await Node.PairAsync(options => options.Handshake.Timeout = TimeSpan.FromSeconds(1));
        await using var _a = alice;
        await using var _b = bob;
        alice.Passes = static _ => false;
        var waiting = Enumerable.Range(0, 500).Select(_ => alice.ConnectAsync(bob)).ToList();
        foreach (var call in waiting)
        {
            await Node.FailsAsync(EngineErrorCode.HandshakeTimedOut, () => call);
        }

        // One attempt served them all, sent again a few times.
        Assert.InRange(alice.Sent.Count, 1, 50);
        alice.Passes = static _ => true;
        alice.Configure = null;     // time enough for the one that is to succeed
        await alice.RestartAsync();
        await alice.ConnectAsync(bob);
    }
}

namespace Kyberium.Engine.Tests.Engine;

/// <summary>What the engine does when its journal or keyring fails it.</summary>
public sealed class JournalFaultTests
{
    [Fact]
    public async Task A_checkpoint_does_not_pass_over_a_shard_that_is_recovering()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1, time);
        await using var _a = alice;
        await using var _b = bob;
        alice.Journal.Before = static _ => throw new EngineException(EngineErrorCode.JournalFull, "the disk is full");
        Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => alice.SendAsync(bob, "no room")));
        alice.Journal.Before = null;
        await Party.UntilAsync(async () => await Record.ExceptionAsync(() => alice.Engine.CheckpointAsync(Party.Timely)) is
            EngineException { Code: EngineErrorCode.ShardRecovering });

        await Party.UntilAsync(
            async () => await Record.ExceptionAsync(() => alice.Engine.CheckpointAsync(Party.Timely)) is null,
            () => time.Advance(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task What_decides_nothing_writes_nothing()
    {
        var (alice, bob) = await Party.PairAsync(time: new ManualTime());
        await using var _a = alice;
        await using var _b = bob;
        alice.Passes = static _ => false;
        var operation = Guid.NewGuid();
        var number = (await SendAsync()).Number;
        await Party.UntilAsync(() => Task.FromResult(!alice.Sent.IsEmpty));     // message 1 is out: nothing is under way
        await alice.PeerAsync(bob);

        var submitted = alice.Journal.Submitted;
        for (var repeat = 0; repeat < 5; repeat++)
        {
            Assert.Equal(number, (await SendAsync()).Number);
            await alice.PeerAsync(bob);
        }

        Assert.Equal(submitted, alice.Journal.Submitted);

        Task<SentMessage> SendAsync() => alice.Engine.SendAsync(
            bob.Id, "once"u8.ToArray(), new SendOptions(operation), cancellationToken: Party.Timely);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_commit_of_unknown_outcome_is_settled_and_counted_once(bool wasCommitted)
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        for (var i = 0; i < 30; i++)
        {
            var failed = 0;
            Task FailOnce(JournalCommit commit) => commit.Record is not null && Interlocked.Exchange(ref failed, 1) == 0
                ? throw new EngineException(EngineErrorCode.JournalUnavailable, "the connection was lost")
                : Task.CompletedTask;
            alice.Journal.Before = wasCommitted ? null : FailOnce;
            alice.Journal.After = wasCommitted ? FailOnce : null;
            var numbers = await Task.WhenAll(Enumerable.Range(0, 5).Select(k => alice.SendAsync(bob, $"{i}.{k}")));
            Assert.Equal(1, failed);
            Assert.Equal(Enumerable.Range((5 * i) + 1, 5).Select(n => (ulong)n), numbers.Select(sent => sent.Number).Order());
        }

        Assert.Equal(150, (await bob.ReceiveAsync(150)).Distinct().Count());
    }

    [Theory]
    [InlineData(2, true)]       // durable, and the answer was lost both times
    [InlineData(2, false)]      // neither try was written
    [InlineData(1, true)]
    public async Task An_act_on_an_identity_whose_outcome_stayed_unknown_is_done_once_and_its_number_is_not_given_again(
        int failures, bool wasCommitted)
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        var left = failures;
        Task Fail(JournalCommit commit) => commit.Shard == ShardId.Directory && commit.Rows.Count == 3 && left-- > 0
            ? throw new EngineException(EngineErrorCode.JournalUnavailable, "the connection was lost")
            : Task.CompletedTask;
        alice.Journal.Before = wasCommitted ? null : Fail;
        alice.Journal.After = wasCommitted ? Fail : null;
        var rotation = new CallerContext("operator", Operation: Guid.NewGuid());
        if (failures == 2)
        {
            Assert.Equal(EngineErrorCode.JournalUnavailable, await Party.CodeOfAsync(() => alice.Engine.RotateIdentityAsync(IdentityName.Default, rotation)));
        }

        var rotated = await alice.Engine.RotateIdentityAsync(IdentityName.Default, rotation);
        Assert.NotNull(rotated.PreviousFingerprint);
        var other = await alice.Engine.CreateIdentityAsync(new IdentityName("other"));
        await alice.RestartAsync();
        await using var _a = alice;

        Assert.Equal(rotated.Fingerprint, alice.Engine.GetIdentity(IdentityName.Default).Fingerprint);
        Assert.Equal(other.Fingerprint, alice.Engine.GetIdentity(new IdentityName("other")).Fingerprint);
        var told = alice.Audit.Where(audit => audit.Shard == ShardId.Directory).ToList();
        Assert.Equal(["identity-created", "identity-rotated", "identity-created"], told.Select(audit => audit.Kind));
        Assert.Equal([1L, 2L, 3L], told.Select(audit => audit.Position.Value));
    }

    [Fact]
    public async Task A_full_disk_fails_callers_and_the_shard_is_back_when_there_is_room()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        await DeliveredAsync(alice, bob, "before");
        var isFull = true;
        alice.Journal.Before = _ => isFull
            ? throw new EngineException(EngineErrorCode.JournalFull, "the disk is full")
            : Task.CompletedTask;

        Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => alice.SendAsync(bob, "lost")));
        isFull = false;
        await SendWhenRecoveredAsync(alice, bob, "after");

        Assert.Equal(["before", "after"], await bob.ReceiveAsync(2));
    }

    [Fact]
    public async Task A_shard_that_another_owner_took_is_not_taken_back()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _b = bob;
        await DeliveredAsync(alice, bob, "mine");
        var taken = await alice.Store.AcquireAsync(new ShardId(ShardId.DefaultGroup, 0));

        Assert.Equal(EngineErrorCode.ShardFenced, await Party.CodeOfAsync(() => alice.SendAsync(bob, "too late")));
        await Party.UntilAsync(async () => await Party.CodeOfAsync(() => alice.SendAsync(bob, "still")) == EngineErrorCode.ShardFenced);

        Assert.Equal(taken.Fence, (await alice.Store.ReadExtentAsync(new ShardId(ShardId.DefaultGroup, 0))).Fence);
        await alice.Engine.DisposeAsync();
        alice.Reopen();
        Assert.Equal(taken.Fence, (await alice.Store.ReadExtentAsync(new ShardId(ShardId.DefaultGroup, 0))).Fence);
    }

    [Fact]
    public async Task A_shard_that_another_owner_took_while_it_waited_to_recover_is_not_taken_back()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1, time);
        await using var _b = bob;
        await DeliveredAsync(alice, bob, "mine", time);
        alice.Journal.Before = static _ => throw new EngineException(EngineErrorCode.JournalFull, "the disk is full");
        Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => alice.SendAsync(bob, "lost")));
        alice.Journal.Before = null;
        var taken = await alice.Store.AcquireAsync(new ShardId(ShardId.DefaultGroup, 0));

        await Party.UntilAsync(
            async () => await Party.CodeOfAsync(() => alice.SendAsync(bob, "still")) == EngineErrorCode.ShardFenced,
            () => time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal(taken.Fence, (await alice.Store.ReadExtentAsync(new ShardId(ShardId.DefaultGroup, 0))).Fence);
        await alice.Engine.DisposeAsync();
    }

    /// <summary>Goal: a process that stands still between its look at a shard and its taking over takes nothing from its successor. Method: the successor
    /// comes exactly there, or there a first attempt fails whose outcome is not known.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_shard_that_another_owner_took_at_the_last_moment_is_not_taken_back(bool failsBefore, bool failsAfter)
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1, time);
        await using var _b = bob;
        await DeliveredAsync(alice, bob, "mine", time);
        var attempts = 0;
        ShardExtent taken = default;
        alice.Journal.BeforeReacquiring = async shard =>
        {
            attempts++;
            if (attempts == 1 && failsBefore)
            {
                throw new EngineException(EngineErrorCode.JournalUnavailable, "away");
            }

            if (attempts == 2 || !(failsBefore || failsAfter))
            {
                taken = await alice.Store.AcquireAsync(shard);
            }
        };
        alice.Journal.AfterReacquiring = _ =>
            attempts == 1 && failsAfter ? throw new EngineException(EngineErrorCode.JournalUnavailable, "away") : Task.CompletedTask;
        alice.Journal.Before = static _ => throw new EngineException(EngineErrorCode.JournalFull, "the disk is full");
        Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => alice.SendAsync(bob, "lost")));
        alice.Journal.Before = null;

        await Party.UntilAsync(
            async () => await Party.CodeOfAsync(() => alice.SendAsync(bob, "still")) == EngineErrorCode.ShardFenced,
            () => time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal(failsBefore || failsAfter ? 2 : 1, attempts);
        Assert.Equal(taken.Fence, (await alice.Store.ReadExtentAsync(new ShardId(ShardId.DefaultGroup, 0))).Fence);
        await alice.Engine.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shard_whose_taking_over_failed_is_taken_over_all_the_same_whatever_became_of_the_first_attempt(bool wasDone)
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        var attempts = 0;
        Func<ShardId, Task> failOnce = _ => ++attempts == 1 ? throw new EngineException(EngineErrorCode.JournalUnavailable, "away") : Task.CompletedTask;
        alice.Journal.BeforeReacquiring = wasDone ? null : failOnce;
        alice.Journal.AfterReacquiring = wasDone ? failOnce : null;
        alice.Journal.Before = static _ => throw new EngineException(EngineErrorCode.JournalFull, "the disk is full");
        Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => alice.SendAsync(bob, "lost")));
        alice.Journal.Before = null;

        await SendWhenRecoveredAsync(alice, bob, "after");
        Assert.Equal(["after"], await bob.ReceiveAsync(1));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task A_damaged_record_stops_its_shard_with_a_clear_error_and_the_others_go_on()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        var shards = Enumerable.Range(0, 40).ToDictionary(i => new PeerId($"p{i}"), i => 0);
        foreach (var peer in shards.Keys)
        {
            await using var stranger = new Party($"s-{peer}", new InMemoryNetwork());
            await stranger.StartAsync();
            var document = (await stranger.Engine.CreateIdentityAsync(IdentityName.Default)).PublicDocument;
            await alice.Engine.AddPeerAsync(new NewPeer { Peer = peer, PublicDocument = document, Addresses = [] });
            shards[peer] = Kyberium.Engine.Shards.ShardNumber.Of(new Kyberium.Engine.Sessions.PeerKey(IdentityName.Default, peer), 2);
        }

        alice.Crash();
        alice.Journal.OnRecord = static (shard, record) =>
        {
            if (shard.Group != ShardId.DefaultGroup || shard.Number != 0 || record.Position.Value != 1)
            {
                return record;
            }

            var bytes = record.Bytes.ToArray();
            bytes[^30] ^= 1;
            return record with { Bytes = bytes };
        };
        await alice.StartAsync();

        var damaged = shards.First(pair => pair.Value == 0).Key;
        var sound = shards.First(pair => pair.Value == 1).Key;
        Assert.Equal(EngineErrorCode.JournalCorrupt, await Party.CodeOfAsync(() => alice.Engine.GetPeerAsync(damaged)));
        Assert.Equal(sound, (await alice.Engine.GetPeerAsync(sound)).Peer);
        await alice.Engine.DisposeAsync();
    }

    [Fact]
    public async Task A_slow_journal_makes_callers_wait_and_nothing_grows()
    {
        var (alice, bob) = await Party.PairAsync(options =>
        {
            options.Shard.Count = 1;
            options.Shard.MailboxCountMax = 32;
            options.Shard.BatchCountMax = 4;
        });
        await using var _a = alice;
        await using var _b = bob;
        var held = new Turnstile();
        alice.Journal.Before = _ => held.PassAsync();

        var sends = Enumerable.Range(0, 500).Select(i => alice.SendAsync(bob, $"m{i}")).ToArray();
        await held.Reached;
        using var impatient = new CancellationTokenSource();
        var withdrawn = alice.Engine.SendAsync(bob.Id, "withdrawn"u8.ToArray(), cancellationToken: impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn);
        Assert.All(sends, send => Assert.False(send.IsCompleted));
        held.Open();
        await Task.WhenAll(sends).WaitAsync(Party.Timely);

        var received = await bob.ReceiveAsync(500);
        Assert.Equal(500, received.Distinct().Count());
        Assert.DoesNotContain("withdrawn", received);
        Assert.Equal(501UL, (await alice.PeerAsync(bob)).NextNumber);
    }

    [Fact]
    public async Task A_command_cancelled_in_the_mailbox_is_withdrawn()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _a = alice;
        await using var _b = bob;
        var held = new Turnstile();
        alice.Journal.Before = _ => held.PassAsync();
        List<Task> first = [];
        var submitted = alice.Journal.Submitted;
        for (var i = 0; i < Kyberium.Engine.Shards.Shard.CommitsOpenMax; i++)
        {
            first.Add(alice.SendAsync(bob, $"first {i}"));
            await Party.UntilAsync(() => Task.FromResult(alice.Journal.Submitted >= submitted + i + 1));
        }

        using var impatient = new CancellationTokenSource();
        var withdrawn = alice.Engine.SendAsync(bob.Id, "withdrawn"u8.ToArray(), cancellationToken: impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn);
        held.Open();
        await Task.WhenAll(first).WaitAsync(Party.Timely);

        Assert.Equal((ulong)first.Count + 1, (await alice.PeerAsync(bob)).NextNumber);
    }

    [Fact]
    public async Task Another_keyring_refuses_to_start_and_makes_no_key()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        await alice.Engine.DisposeAsync();
        alice.Reopen();
        alice.OtherKeyring = new InMemoryKeyring();
        var before = alice.Journal.Commits;

        var code = await Party.CodeOfAsync(() => alice.StartAsync());

        Assert.Contains(code, (EngineErrorCode[])[EngineErrorCode.KeyringWrongKey, EngineErrorCode.KeyringMissing, EngineErrorCode.KeyringUnusable]);
        Assert.Equal(before, alice.Journal.Commits);
    }

    [Fact]
    public async Task A_peer_removed_and_added_again_while_commits_are_slow_is_the_new_one()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        await alice.SendAsync(bob, "old");
        alice.Journal.Before = static async _ => await Task.Yield();
        for (var i = 0; i < 20; i++)
        {
            var remove = alice.Engine.RemovePeerAsync(bob.Id, cancellationToken: Party.Timely);
            var look = alice.PeerAsync(bob);
            var add = alice.KnowAsync(bob);
            var again = alice.PeerAsync(bob);
            await Task.WhenAll(Settled(remove), Settled(look), Settled(add), Settled(again));
            if (!add.IsCompletedSuccessfully)
            {
                await alice.KnowAsync(bob);
            }

            Assert.Equal(1UL, (await alice.PeerAsync(bob)).NextNumber);
            await alice.SendAsync(bob, $"new {i}");
        }

        await alice.Engine.CheckpointAsync(Party.Timely);
        alice.Crash();
        await alice.StartAsync();
        Assert.Equal(2UL, (await alice.PeerAsync(bob)).NextNumber);
        await alice.Engine.DisposeAsync();
    }

    /// <summary>Sends, and waits until nothing is under way: what a handshake or an acknowledgement commits must not meet the fault instead of the test.</summary>
    private static async Task DeliveredAsync(Party from, Party to, string text, ManualTime? time = null)
    {
        await from.SendAsync(to, text);
        await Party.UntilAsync(
            async () => (await from.PeerAsync(to)).OutboxCount == 0, time is null ? null : () => time.Advance(TimeSpan.FromMilliseconds(1)));
    }

    private static Task Settled(Task task) => task.ContinueWith(static _ => { }, TaskScheduler.Default);

    private static async Task SendWhenRecoveredAsync(Party from, Party to, string text)
    {
        while (true)
        {
            try
            {
                await from.SendAsync(to, text);
                return;
            }
            catch (EngineException recovering) when (recovering.Code is EngineErrorCode.ShardRecovering or EngineErrorCode.JournalFull)
            {
                await Task.Yield();
            }
        }
    }
}

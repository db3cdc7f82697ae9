using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Identities;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>A stop drains: what was accepted is answered, who waits is told, and nothing hangs.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Everything_accepted_before_a_stop_is_answered_and_found_again()
    {
        // More calls than one batch takes wait behind a commit that is held while the stop begins.
        var (alice, bob) = await Party.PairAsync(options => options.Shard.BatchCountMax = 8);
        await using var _ = bob;
        var held = new Turnstile();
        alice.Journal.Before = _ => held.PassAsync();
        bob.Passes = static _ => false;
        var sends = Enumerable.Range(0, 200).Select(i => alice.SendAsync(bob, $"m{i}")).ToArray();
        await held.Reached;
        var stop = alice.Engine.DisposeAsync().AsTask();
        held.Open();
        await stop.WaitAsync(Party.Timely);

        var accepted = 0;
        foreach (var send in sends)
        {
            try
            {
                await send.WaitAsync(Party.Timely);
                accepted++;
            }
            catch (EngineException refused)
            {
                Assert.Equal(EngineErrorCode.EngineStopping, refused.Code);
            }
        }

        Assert.Equal(sends.Length, accepted);
        alice.Reopen();
        await alice.StartAsync();
        Assert.Equal((ulong)sends.Length, (await alice.PeerAsync(bob)).NextNumber - 1);
        await alice.Engine.DisposeAsync();
    }

    [Fact]
    public async Task A_stop_ends_when_a_later_part_of_the_last_checkpoint_fails()
    {
        var alice = new Party("alice", new InMemoryNetwork(), options => options.Shard.Count = 1);
        await using var strangers = new Party("strangers", new InMemoryNetwork());
        await alice.StartAsync();
        await strangers.StartAsync();
        await alice.Engine.CreateIdentityAsync(IdentityName.Default);
        for (var i = 0; i < 300; i++)       // more than one commit of a checkpoint takes
        {
            var stranger = await strangers.Engine.CreateIdentityAsync(new IdentityName($"stranger-{i}"));
            await alice.Engine.AddPeerAsync(new NewPeer
            {
                Peer = new PeerId($"peer-{i}"), PublicDocument = stranger.PublicDocument, Addresses = [],
            });
        }

        var failures = 0;
        alice.Journal.Before = commit => commit.TruncateThrough is not null && Interlocked.Increment(ref failures) > 0
            ? throw new IOException("the disk is gone")
            : Task.CompletedTask;
        await alice.Engine.DisposeAsync().AsTask().WaitAsync(Party.Timely);

        Assert.Equal(1, failures);
    }

    [Fact]
    public async Task A_stop_ends_although_the_journal_stays_away_and_who_was_not_answered_may_come_again()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(time: time);
        await using var _ = bob;
        alice.Journal.Before = static _ => throw new EngineException(EngineErrorCode.JournalUnavailable, "the disk is gone");
        var send = alice.SendAsync(bob, "never durable");
        await Party.UntilAsync(() => Task.FromResult(alice.Journal.Submitted > alice.Journal.Commits));

        var stop = alice.Engine.DisposeAsync().AsTask();
        await Party.UntilAsync(() => Task.FromResult(stop.IsCompleted), () => time.Advance(TimeSpan.FromMilliseconds(100)));
        await stop;

        var refused = await Assert.ThrowsAsync<EngineException>(() => send.WaitAsync(Party.Timely));
        Assert.True(refused.IsTransient, refused.Code.ToString());
    }

    [Fact]
    public async Task Who_waits_for_a_session_gets_a_transient_code()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _ = bob;
        alice.Passes = static _ => false;
        var connect = alice.ConnectAsync(bob);
        var seal = alice.SealAsync(bob, "never").AsTask();
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).Session.Length == 0 && !alice.Sent.IsEmpty);

        await alice.Engine.DisposeAsync();

        Assert.Equal(EngineErrorCode.EngineStopping, await Party.CodeOfAsync(() => connect.WaitAsync(Party.Timely)));
        Assert.Equal(EngineErrorCode.EngineStopping, await Party.CodeOfAsync(() => seal.WaitAsync(Party.Timely)));
    }

    [Fact]
    public async Task Stopping_twice_is_one_stop_and_later_calls_say_that_it_was_stopped()
    {
        var (alice, bob) = await Party.PairAsync();
        await bob.Engine.DisposeAsync();
        var envelope = new byte[100];
        var document = alice.Document();
        await Task.WhenAll(alice.Engine.DisposeAsync().AsTask(), alice.Engine.DisposeAsync().AsTask()).WaitAsync(Party.Timely);
        await alice.Engine.DisposeAsync();

        Assert.Equal(EngineErrorCode.EngineStopped, await Party.CodeOfAsync(() => alice.SendAsync(bob, "late")));
        Assert.Equal(EngineErrorCode.EngineStopped, await Party.CodeOfAsync(() => alice.SealAsync(bob, "late").AsTask()));
        Assert.Equal(EngineErrorCode.EngineStopped, await Party.CodeOfAsync(() => alice.ConnectAsync(bob)));
        Assert.Equal(EngineErrorCode.EngineStopped, await Party.CodeOfAsync(() => alice.Engine.OpenAsync(envelope).AsTask()));
        Assert.Equal(EngineErrorCode.EngineStopped, await Party.CodeOfAsync(() => alice.Engine.AddPinAsync(bob.Id, document)));
        Assert.Equal(
            EngineErrorCode.EngineStopped,
            await Party.CodeOfAsync(() => alice.Engine.AddPeerAsync(new NewPeer { Peer = new PeerId("late"), PublicDocument = document, Addresses = [] })));
        Assert.False(alice.Engine.TrySeal(bob.Id, "late"u8, envelope, out var _));
        Assert.True((await alice.Engine.AcceptEnvelopeAsync(envelope, "x")).IsEmpty);
    }

    /// <summary>Goal: a call that was let in before the stop began and reaches the directory after it has closed is told so; its keys are gone by then.</summary>
    [Theory]
    [InlineData(false, EngineErrorCode.EngineStopping)]
    [InlineData(true, EngineErrorCode.ShardElsewhere)]      // of a cluster: it may be another node's by now
    public async Task What_reaches_the_directory_when_it_has_closed_is_told_that_the_engine_stops(bool isShared, EngineErrorCode code)
    {
        using var identities = new IdentityTable();
        var parts = new DirectoryParts(
            new InMemoryJournal(), new InMemoryKeyring(), new ThreadPoolScheduler(TimeProvider.System), SystemEntropy.Instance, KemPrivateKeys.Managed)
        {
            DataKeyAge = TimeSpan.FromDays(1), ShardCount = 2, IsShared = isShared,
        };
        var directory = await EngineDirectory.OpenAsync(parts, identities, Party.Timely);
        var identity = await directory.CreateAsync(IdentityName.Default, [Suite.MLKem768], default);
        Assert.True(PublicDocument.TryRead(identity.PublicDocument.Span, out var document, out _));
        var before = directory.FindPeerAsync(IdentityName.Default, identity.Fingerprint);
        await directory.DisposeAsync();

        Assert.Null(await before.WaitAsync(Party.Timely));
        var peer = new PeerKey(IdentityName.Default, new PeerId("bob"));
        Assert.Equal(
            code,
            await Party.CodeOfAsync(() => directory.ClaimAsync(peer, document, _ => Task.FromResult<IReadOnlyList<PublicDocument>>([]))));
        Assert.Equal(code, await Party.CodeOfAsync(() => directory.ReleaseAsync(peer, document)));
        Assert.Equal(code, await Party.CodeOfAsync(() => directory.FindPeerAsync(IdentityName.Default, identity.Fingerprint)));
    }

    [Fact]
    public async Task A_reader_of_the_inbox_ends_with_the_engine()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _ = bob;
        var reader = alice.Engine.ReceiveAsync(Party.Timely).GetAsyncEnumerator();
        var reading = reader.MoveNextAsync().AsTask();

        await alice.Engine.DisposeAsync();

        Assert.False(await reading.WaitAsync(Party.Timely));
    }

    [Fact]
    public async Task A_stop_releases_the_journal_although_its_last_checkpoint_fails()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _ = bob;
        await alice.SendAsync(bob, "kept");
        alice.Journal.Before = _ => throw new EngineException(EngineErrorCode.JournalFull, "full");

        await alice.Engine.DisposeAsync().AsTask().WaitAsync(Party.Timely);

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await alice.Store.ReadExtentAsync(new ShardId(ShardId.DefaultGroup, 0)));
    }
}

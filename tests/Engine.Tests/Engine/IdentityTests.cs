using System.Security.Cryptography;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Several identities, keys that change, and peers that are forgotten.</summary>
public sealed class IdentityTests
{
    [Fact]
    public async Task One_name_under_two_identities_is_two_peers()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var second = new IdentityName("second");
        var other = new IdentityName("other");
        await alice.Engine.CreateIdentityAsync(second);
        await bob.Engine.CreateIdentityAsync(other);
        await alice.Engine.AddPeerAsync(new NewPeer
        {
            Identity = second, Peer = bob.Id, PublicDocument = bob.Document(other), Addresses = [bob.Address],
        });
        await bob.Engine.AddPeerAsync(new NewPeer
        {
            Identity = other, Peer = alice.Id, PublicDocument = alice.Document(second), Addresses = [alice.Address],
        });

        var first = await alice.Engine.SealAsync(bob.Id, "first"u8.ToArray(), cancellationToken: Party.Timely);
        var again = await alice.Engine.SealAsync(bob.Id, "second"u8.ToArray(), second, Party.Timely);

        Assert.Equal(IdentityName.Default, (await bob.Engine.OpenAsync(first, Party.Timely)).Identity);
        Assert.Equal(other, (await bob.Engine.OpenAsync(again, Party.Timely)).Identity);
        await alice.Engine.SuspendPeerAsync(bob.Id);
        Assert.Equal(EngineErrorCode.PeerSuspended, await Party.CodeOfAsync(() => alice.SealAsync(bob, "no").AsTask()));
        await bob.Engine.OpenAsync(await alice.Engine.SealAsync(bob.Id, "goes on"u8.ToArray(), second, Party.Timely), Party.Timely);
    }

    [Fact]
    public async Task A_key_is_pinned_once_never_ones_own_and_a_refused_pin_leaves_nothing_behind()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await using var carol = new Party("carol", new InMemoryNetwork());
        await carol.StartAsync();
        await carol.Engine.CreateIdentityAsync(IdentityName.Default);

        Assert.Equal(EngineErrorCode.PublicDocumentInvalid, await Party.CodeOfAsync(() => Add(alice, "myself", alice.Document())));
        Assert.Equal(EngineErrorCode.PeerExists, await Party.CodeOfAsync(() => Add(alice, "bob-again", bob.Document())));
        Assert.Equal(EngineErrorCode.PeerExists, await Party.CodeOfAsync(() => Add(alice, "bob", carol.Document())));
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => alice.Engine.AddPinAsync(new PeerId("nobody"), carol.Document())));

        // None of the refusals kept carol's key for a name that does not hold it.
        await Add(alice, "carol", carol.Document());
        await alice.SendAsync(bob, "still pinned");
        Assert.Equal(["still pinned"], await bob.ReceiveAsync(1));
    }

    // Method: the directory's first commit is held; whoever comes meanwhile waits behind it, and what waits is committed at once.
    [Fact]
    public async Task Peers_added_at_once_share_a_commit_and_a_key_wanted_twice_goes_to_the_first()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        List<ReadOnlyMemory<byte>> documents = [];
        for (var number = 0; number < 12; number++)
        {
            documents.Add((await bob.Engine.CreateIdentityAsync(new IdentityName($"i{number}"))).PublicDocument);
        }

        var (held, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        var commits = 0;
        alice.Journal.Before = commit =>
        {
            held.TrySetResult();
            return commit.Shard == ShardId.Directory && Interlocked.Increment(ref commits) == 1 ? released.Task : Task.CompletedTask;
        };
        var first = Add(alice, "p0", documents[0]);
        await held.Task.WaitAsync(Party.Timely);
        var others = documents.Skip(1).Select((document, at) => Add(alice, $"p{at + 1}", document)).ToArray();
        var late = Add(alice, "late", documents[5]);
        var again = Add(alice, "again", documents[0]);
        released.SetResult();

        await Task.WhenAll([first, .. others]).WaitAsync(Party.Timely);
        Assert.Equal(EngineErrorCode.PeerExists, await Party.CodeOfAsync(() => late.WaitAsync(Party.Timely)));
        Assert.Equal(EngineErrorCode.PeerExists, await Party.CodeOfAsync(() => again.WaitAsync(Party.Timely)));
        Assert.Equal(2, commits);
        Assert.Equal(documents.Select(document => Fingerprint.Of(document.Span)), (await Task.WhenAll([first, .. others])).Select(peer => Assert.Single(peer.Pins)));
    }

    [Fact]
    public async Task Claims_that_shared_a_commit_fail_with_it_and_may_come_again()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        List<ReadOnlyMemory<byte>> documents = [];
        for (var number = 0; number < 3; number++)
        {
            documents.Add((await bob.Engine.CreateIdentityAsync(new IdentityName($"i{number}"))).PublicDocument);
        }

        var (held, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        alice.Journal.Before = async commit =>
        {
            if (commit.Shard == ShardId.Directory)
            {
                held.TrySetResult();
                await released.Task;
                throw new EngineException(EngineErrorCode.JournalFull, "full");
            }
        };
        Task<PeerInfo>[] adding = [Add(alice, "p0", documents[0])];
        await held.Task.WaitAsync(Party.Timely);
        adding = [.. adding, Add(alice, "p1", documents[1]), Add(alice, "p2", documents[2])];
        released.SetResult();
        foreach (var one in adding)
        {
            Assert.Equal(EngineErrorCode.JournalFull, await Party.CodeOfAsync(() => one.WaitAsync(Party.Timely)));
        }

        alice.Journal.Before = null;
        await Party.UntilAsync(async () =>
        {
            try
            {
                await Add(alice, "p1", documents[1]);
                return true;
            }
            catch (EngineException unavailable) when (unavailable.Code == EngineErrorCode.JournalUnavailable)
            {
                return false;
            }
        });
        Assert.Equal(Fingerprint.Of(documents[1].Span), Assert.Single((await alice.Engine.GetPeerAsync(new PeerId("p1"), cancellationToken: Party.Timely)).Pins));
    }

    [Fact]
    public async Task An_identity_is_rotated_while_both_pins_stand_until_the_new_one_is_proved()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var old = alice.Engine.GetIdentity(IdentityName.Default).Fingerprint;
        var rotated = await alice.Engine.RotateIdentityAsync(IdentityName.Default);
        Assert.Equal(2, (await bob.Engine.AddPinAsync(alice.Id, rotated.PublicDocument)).Pins.Count);
        await alice.SendAsync(bob, "under the old session");
        Assert.Equal(["under the old session"], await bob.ReceiveAsync(1));

        await alice.Engine.CloseAsync(bob.Id);
        await Party.UntilAsync(async () => (await bob.PeerAsync(alice)).Session.Length == 0);
        await alice.ConnectAsync(bob);

        await Party.UntilAsync(async () => (await bob.PeerAsync(alice)).Pins.Count == 1);
        Assert.Equal([rotated.Fingerprint], (await bob.PeerAsync(alice)).Pins);
        Assert.NotEqual(old, rotated.Fingerprint);
        await alice.Engine.FinishIdentityRotationAsync(IdentityName.Default);
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
    }

    [Fact]
    public async Task A_forgotten_peer_s_key_and_payloads_are_in_no_row_that_the_keyring_opens()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Shard.Count = 1);
        await using var _b = bob;
        alice.Passes = static _ => false;
        var payload = RandomNumberGenerator.GetHexString(64);
        await alice.SendAsync(bob, payload);
        await alice.Engine.CheckpointAsync(Party.Timely);
        Assert.NotEqual(0, await CountAsync(alice.Store, RowKind.PeerKey));
        Assert.NotEqual(0, await CountAsync(alice.Store, RowKind.Outbox));
        Assert.Equal(1, await CountAsync(alice.Store, RowKind.Document));

        await alice.Engine.RemovePeerAsync(bob.Id);
        await alice.Engine.CheckpointAsync(Party.Timely);

        foreach (var kind in (RowKind[])[RowKind.PeerKey, RowKind.Peer, RowKind.Document, RowKind.Outbox, RowKind.Inbox, RowKind.ReceiverIndex])
        {
            Assert.Equal(0, await CountAsync(alice.Store, kind));
        }

        await alice.RestartAsync();
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => alice.PeerAsync(bob)));
        Assert.Equal(1UL, (await alice.KnowAsync(bob)).NextNumber);
        await alice.Engine.DisposeAsync();
    }

    private static Task<PeerInfo> Add(Party party, string name, ReadOnlyMemory<byte> document) =>
        party.Engine.AddPeerAsync(new NewPeer { Peer = new PeerId(name), PublicDocument = document, Addresses = [] });

    private static async Task<int> CountAsync(InMemoryJournal journal, RowKind kind)
    {
        var count = 0;
        await foreach (var row in journal.ReadRowsAsync(new ShardId(ShardId.DefaultGroup, 0), kind, default))
        {
            count++;
        }

        return count;
    }
}

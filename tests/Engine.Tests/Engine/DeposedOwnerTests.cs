namespace Kyberium.Engine.Tests.Engine;

/// <summary>A process whose store another has taken over meanwhile, and which learns it by reading.</summary>
public sealed class DeposedOwnerTests
{
    /// <summary>Goal: whoever reads a row that its successor wrote says that the shard has another owner, and leaves it. Method: one peer at most is in memory, so
    /// that the others are read from the rows that a second engine over the same store has written anew.</summary>
    [Fact]
    public async Task An_owner_that_reads_what_its_successor_wrote_says_that_it_was_deposed_and_ends()
    {
        var network = new InMemoryNetwork();
        await using var keyring = new LentKeyring();
        await using var others = new Party("others", network);
        await others.StartAsync();
        await using var first = new Party("first", network, OnePlace) { OtherKeyring = keyring.Lend() };
        await first.StartAsync();
        await first.Engine.CreateIdentityAsync(IdentityName.Default);
        PeerId[] peers = [new("one"), new("two"), new("three")];
        foreach (var peer in peers)
        {
            var identity = await others.Engine.CreateIdentityAsync(new IdentityName(peer.Value));
            await first.Engine.AddPeerAsync(new NewPeer { Peer = peer, PublicDocument = identity.PublicDocument });
        }

        await first.Engine.CheckpointAsync(Party.Timely);
        await using var second = new Party("second", network, OnePlace) { OtherKeyring = keyring.Lend(), Store = first.Store.Beside() };
        second.Reopen();
        await second.StartAsync();
        foreach (var peer in peers)
        {
            await second.Engine.SetAddressesAsync(peer, ["memory://elsewhere"]);
        }

        await second.Engine.CheckpointAsync(Party.Timely);
        List<EngineErrorCode> codes = [];
        foreach (var peer in peers)
        {
            if (await Record.ExceptionAsync(() => first.Engine.GetPeerAsync(peer)) is EngineException failure)
            {
                codes.Add(failure.Code);
            }
        }

        Assert.InRange(codes.Count, peers.Length - 1, peers.Length);
        Assert.All(codes, static code => Assert.Equal(EngineErrorCode.ShardFenced, code));
        await Party.UntilAsync(async () =>
            await Record.ExceptionAsync(() => first.Engine.GetPeerAsync(peers[^1])) is EngineException { Code: EngineErrorCode.ShardFenced });
        Assert.Equal(["memory://elsewhere"], (await second.Engine.GetPeerAsync(peers[0])).Addresses);
    }

    private static void OnePlace(EngineOptions options)
    {
        options.Shard.Count = 1;
        options.Residency.ResidentPeersMax = 1;
    }
}

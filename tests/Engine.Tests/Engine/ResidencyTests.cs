using System.Text;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Peers leave memory and come back exactly as they were, however slow the journal is.</summary>
public sealed class ResidencyTests
{
    private const int PeerCount = 200;
    private const int ResidentMax = 16;

    [Fact]
    public async Task Two_hundred_peers_pass_through_sixteen_places_without_a_lost_or_doubled_message()
    {
        await using var crowd = await Crowd.StartAsync();
        for (var round = 0; round < 3; round++)
        {
            await crowd.SendToAllAsync($"round {round}");
            await crowd.ReceiveFromAllAsync($"round {round}");
            await crowd.HoldsBoundAsync();
        }
    }

    [Fact]
    public async Task After_a_restart_cold_peers_are_found_by_name_and_by_receiver_index()
    {
        await using var crowd = await Crowd.StartAsync();
        await crowd.SendToAllAsync("before");
        await crowd.ReceiveFromAllAsync("before");
        await crowd.Hub.RestartAsync();
        await crowd.Hub.Engine.CheckpointAsync(Party.Timely);
        await crowd.HoldsBoundAsync();

        // The other side's durable messages name receiver indices that the hub holds in rows only.
        await crowd.SendToHubAsync("to a cold peer");
        await crowd.SendToAllAsync("after");
        await crowd.ReceiveFromAllAsync("after");
    }

    [Fact]
    public async Task A_peer_that_leaves_while_its_snapshot_is_being_written_comes_back_with_everything()
    {
        var (alice, bob) = await Party.PairAsync(options =>
        {
            options.Shard.Count = 1;
            options.Residency.ResidentPeersMax = 1;
        });
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).OutboxCount == 0);

        // Every commit is slow from now on; other peers push this one out while its facts are on their way.
        alice.Journal.Before = static async _ => await Task.Yield();
        for (var i = 0; i < 40; i++)
        {
            await alice.Engine.AddPeerAsync(new NewPeer
            {
                Peer = new PeerId($"other-{i}"),
                PublicDocument = await StrangerAsync(alice, i),
                Addresses = [],
            });
            var sent = await alice.SendAsync(bob, $"m{i}");
            Assert.Equal((ulong)i + 2, sent.Number);
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"m{i}"), await bob.ReceiveAsync(40));
    }

    [Fact]
    public async Task A_message_that_the_application_holds_is_not_handed_out_again_because_its_peer_was_pushed_out()
    {
        var (alice, bob) = await Party.PairAsync(options =>
        {
            options.Shard.Count = 1;
            options.Residency.ResidentPeersMax = 1;
        });
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "held");
        var reader = bob.Engine.ReceiveAsync(Party.Timely).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        var held = reader.Current;
        for (var i = 0; i < 8; i++)
        {
            await bob.Engine.AddPeerAsync(new NewPeer
            {
                Peer = new PeerId($"other-{i}"), PublicDocument = await StrangerAsync(bob, i), Addresses = [],
            });
            await bob.Engine.GetPeerAsync(new PeerId($"other-{i}"));
        }

        await bob.PeerAsync(alice);
        await alice.SendAsync(bob, "next");
        Assert.True(await reader.MoveNextAsync());

        Assert.Equal("next", Encoding.UTF8.GetString(reader.Current.Payload.Span));
        await bob.Engine.AcknowledgeAsync(held.Id, Party.Timely);
    }

    private static async Task<ReadOnlyMemory<byte>> StrangerAsync(Party party, int number)
    {
        await using var stranger = new Party($"stranger-of-{party.Name}-{number}", new InMemoryNetwork());
        await stranger.StartAsync();
        return (await stranger.Engine.CreateIdentityAsync(IdentityName.Default)).PublicDocument;
    }

    /// <summary>A hub with one identity and few places, and one engine whose many identities are the hub's peers.</summary>
    private sealed class Crowd : IAsyncDisposable
    {
        private readonly List<IdentityName> _names = [.. Enumerable.Range(0, PeerCount).Select(i => new IdentityName($"peer-{i:d3}"))];
        private readonly PeerId _hubId = new("hub");

        private Crowd(Party hub, Party others)
        {
            Hub = hub;
            Others = others;
        }

        internal Party Hub { get; }

        internal Party Others { get; }

        internal static async Task<Crowd> StartAsync()
        {
            var network = new InMemoryNetwork();
            var crowd = new Crowd(
                new Party("hub", network, options =>
                {
                    options.Residency.ResidentPeersMax = ResidentMax;
                    options.Handshake.AttemptsPerSecond = 100_000;
                }),
                new Party("crowd", network, options => options.Handshake.AttemptsPerSecond = 100_000));
            await crowd.Hub.StartAsync();
            await crowd.Others.StartAsync();
            var hub = await crowd.Hub.Engine.CreateIdentityAsync(IdentityName.Default);
            foreach (var name in crowd._names)
            {
                var identity = await crowd.Others.Engine.CreateIdentityAsync(name);
                await crowd.Hub.Engine.AddPeerAsync(new NewPeer
                {
                    Peer = new PeerId(name.Value), PublicDocument = identity.PublicDocument, Addresses = ["memory://crowd"],
                });
                await crowd.Others.Engine.AddPeerAsync(new NewPeer
                {
                    Identity = name, Peer = crowd._hubId, PublicDocument = hub.PublicDocument, Addresses = ["memory://hub"],
                });
            }

            return crowd;
        }

        internal Task<SentMessage[]> SendToAllAsync(string text) => Task.WhenAll(_names.Select(name => Hub.Engine.SendAsync(
            new PeerId(name.Value), Encoding.UTF8.GetBytes($"{name} {text}"), cancellationToken: Party.Timely)));

        internal async Task ReceiveFromAllAsync(string text)
        {
            var received = await Others.ReceiveAsync(PeerCount);
            Assert.Equal(_names.Select(name => $"{name} {text}"), received.Order(StringComparer.Ordinal));
        }

        internal async Task SendToHubAsync(string text)
        {
            await Task.WhenAll(_names.Select(name => Others.Engine.SendAsync(
                _hubId, Encoding.UTF8.GetBytes($"{name} {text}"), new SendOptions { Identity = name }, cancellationToken: Party.Timely)));
            var received = await Hub.ReceiveAsync(PeerCount);
            Assert.Equal(_names.Select(name => $"{name} {text}"), received.Order(StringComparer.Ordinal));
        }

        /// <summary>The bound holds as soon as what is in flight has settled, without further traffic.</summary>
        internal Task HoldsBoundAsync() => Party.UntilAsync(() => Task.FromResult(Hub.Engine.ResidentPeers <= ResidentMax));

        public async ValueTask DisposeAsync()
        {
            await Hub.DisposeAsync();
            await Others.DisposeAsync();
        }
    }
}

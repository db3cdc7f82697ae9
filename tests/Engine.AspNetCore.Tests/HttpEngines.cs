namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>Two engines that know each other and are joined by links over loopback.</summary>
internal sealed class HttpEngines : IAsyncDisposable
{
    internal static readonly PeerId AlicePeer = new("alice");
    internal static readonly PeerId BobPeer = new("bob");

    private HttpEngines(HttpEngineHome alice, HttpEngineHome bob)
    {
        Alice = alice;
        Bob = bob;
    }

    internal HttpEngineHome Alice { get; }

    internal HttpEngineHome Bob { get; }

    /// <param name="addressesBeforeBob">What alice tries before bob's own address.</param>
    internal static async Task<HttpEngines> StartAsync(params string[] addressesBeforeBob)
    {
        var pair = new HttpEngines(new HttpEngineHome(), new HttpEngineHome());
        await pair.Alice.StartAsync();
        await pair.Bob.StartAsync();
        var alice = await pair.Alice.Engine.CreateIdentityAsync(IdentityName.Default);
        var bob = await pair.Bob.Engine.CreateIdentityAsync(IdentityName.Default);
        await pair.Alice.Engine.AddPeerAsync(
            new NewPeer { Peer = BobPeer, PublicDocument = bob.PublicDocument, Addresses = [.. addressesBeforeBob, pair.Bob.Address] });
        await pair.Bob.Engine.AddPeerAsync(
            new NewPeer { Peer = AlicePeer, PublicDocument = alice.PublicDocument, Addresses = [pair.Alice.Address] });
        return pair;
    }

    /// <summary>Starts a pair of which alice does not listen and bob knows no address of hers.</summary>
    internal static async Task<HttpEngines> StartOneWayAsync()
    {
        var pair = new HttpEngines(new HttpEngineHome(listens: false), new HttpEngineHome());
        await pair.Alice.StartAsync();
        await pair.Bob.StartAsync();
        var alice = await pair.Alice.Engine.CreateIdentityAsync(IdentityName.Default);
        var bob = await pair.Bob.Engine.CreateIdentityAsync(IdentityName.Default);
        await pair.Bob.Engine.AddPeerAsync(new NewPeer { Peer = AlicePeer, PublicDocument = alice.PublicDocument });
        await pair.Alice.Engine.AddPeerAsync(
            new NewPeer { Peer = BobPeer, PublicDocument = bob.PublicDocument, Addresses = [pair.Bob.Address] });
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await Alice.DisposeAsync();
        await Bob.DisposeAsync();
    }
}

/// <summary>One engine over HTTP: what outlives it, so that it can stop and start again at the same address.</summary>
internal sealed class HttpEngineHome(bool listens = true) : IAsyncDisposable
{
    private readonly LentKeyring _keyring = new();
    private InMemoryJournal _journal = new();
    private string _listen = "http://127.0.0.1:0";

    internal SessionEngine Engine { get; private set; } = null!;

    internal string Address => _listen;

    internal async Task StartAsync()
    {
        var options = new EngineOptions();
        options.Shard.Count = 2;
        options.Links.FailOverInitial = TimeSpan.FromMilliseconds(100);
        options.Links.FailOverMax = TimeSpan.FromMilliseconds(100);
        var parts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(_journal),
            OpenKeyring = (_, _) => Task.FromResult(_keyring.Lend()),
        };
        var link = new HttpPeerLink(new HttpPeerLinkOptions { Listen = listens ? _listen : null, Collects = !listens });
        parts.PeerLinks.Add(link);
        Engine = await SessionEngine.StartAsync(options, parts);
        _listen = link.ListenAddress ?? _listen;
    }

    internal async Task StopAsync()
    {
        await Engine.DisposeAsync();
        _journal = _journal.Reopen();
    }

    /// <summary>Takes the next message in and says that it was handled.</summary>
    internal async Task<string> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var message in Engine.ReceiveAsync(limit.Token))
        {
            await Engine.AcknowledgeAsync(message.Id, limit.Token);
            return System.Text.Encoding.UTF8.GetString(message.Payload.Span);
        }

        throw new InvalidOperationException("the engine was stopped");
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await _keyring.DisposeAsync();
    }
}

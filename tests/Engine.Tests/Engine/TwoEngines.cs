using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Two engines of one process that know each other: alice and bob, joined by an in-memory network.</summary>
internal sealed class TwoEngines : IAsyncDisposable
{
    internal static readonly PeerId AlicePeer = new("alice");
    internal static readonly PeerId BobPeer = new("bob");

    private TwoEngines(InMemoryNetwork network, EngineHome alice, EngineHome bob)
    {
        Network = network;
        AliceHome = alice;
        BobHome = bob;
    }

    internal InMemoryNetwork Network { get; }

    internal EngineHome AliceHome { get; }

    internal EngineHome BobHome { get; }

    internal SessionEngine Alice => AliceHome.Engine;

    internal SessionEngine Bob => BobHome.Engine;

    internal static async Task<TwoEngines> StartAsync(Action<EngineOptions>? configure = null, IReadOnlyList<Suite>? suites = null)
    {
        var network = new InMemoryNetwork();
        var pair = new TwoEngines(network, new EngineHome("alice", network, configure), new EngineHome("bob", network, configure));
        await pair.AliceHome.StartAsync();
        await pair.BobHome.StartAsync();
        var alice = await pair.Alice.CreateIdentityAsync(IdentityName.Default, suites);
        var bob = await pair.Bob.CreateIdentityAsync(IdentityName.Default, suites);
        await pair.Alice.AddPeerAsync(new NewPeer { Peer = BobPeer, PublicDocument = bob.PublicDocument, Addresses = ["memory://bob"] });
        await pair.Bob.AddPeerAsync(new NewPeer { Peer = AlicePeer, PublicDocument = alice.PublicDocument, Addresses = ["memory://alice"] });
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await AliceHome.DisposeAsync();
        await BobHome.DisposeAsync();
    }
}

/// <summary>What outlives an engine: its store and keyring. The engine can be stopped and started over them.</summary>
internal sealed class EngineHome(string name, InMemoryNetwork network, Action<EngineOptions>? configure) : IAsyncDisposable
{
    private readonly LentKeyring _keyring = new();
    private InMemoryJournal _journal = new();

    internal SessionEngine Engine { get; private set; } = null!;

    internal InMemoryJournal Journal => _journal;

    internal async Task StartAsync(bool accept = false)
    {
        var options = new EngineOptions();
        options.Shard.Count = 4;
        configure?.Invoke(options);
        var parts = PartsOver(_journal);
        parts.PeerLinks.Add(network.Connect(name));
        Engine = accept
            ? await SessionEngine.StartFromRestoredAsync(options, parts)
            : await SessionEngine.StartAsync(options, parts);
    }

    /// <summary>Gives what an engine over a store of this home is made of, without links.</summary>
    internal EngineParts PartsOver(InMemoryJournal journal) => new()
    {
        OpenJournal = (_, _) => Task.FromResult<IJournal>(journal),
        OpenKeyring = (_, _) => Task.FromResult(_keyring.Lend()),
    };

    /// <summary>Stops cleanly and starts again over the same store.</summary>
    internal async Task RestartAsync()
    {
        await Engine.DisposeAsync();
        _journal = _journal.Reopen();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await _keyring.DisposeAsync();
    }
}

using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Load;

/// <summary>Two engines of this process with many sessions between them: one identity on each side for each session.</summary>
internal sealed class Pair : IAsyncDisposable
{
    internal static readonly PeerId Left = new("left");
    internal static readonly PeerId Right = new("right");

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "kyberium-load-" + Path.GetRandomFileName());

    internal SessionEngine Sender { get; private set; } = null!;

    internal SessionEngine Receiver { get; private set; } = null!;

    internal IdentityName[] Names { get; private set; } = [];

    internal static async Task<Pair> StartAsync(
        int sessions, bool durable, bool connect, AeadProviderChoice aead = AeadProviderChoice.Platform, IdentityName? only = null,
        Action<EngineOptions>? configure = null)
    {
        var pair = new Pair();
        var network = new InMemoryNetwork();
        pair.Sender = await pair.EngineAsync("left", network, durable, aead, configure);
        pair.Receiver = await pair.EngineAsync("right", network, durable, aead, configure);
        pair.Names = only is { } given ? [given] : [.. Enumerable.Range(0, sessions).Select(number => new IdentityName($"i{number}"))];
        foreach (var name in pair.Names)
        {
            var left = await pair.Sender.CreateIdentityAsync(name);
            var right = await pair.Receiver.CreateIdentityAsync(name);
            await pair.Sender.AddPeerAsync(new NewPeer { Identity = name, Peer = Right, PublicDocument = right.PublicDocument, Addresses = ["memory://right"] });
            await pair.Receiver.AddPeerAsync(new NewPeer { Identity = name, Peer = Left, PublicDocument = left.PublicDocument, Addresses = ["memory://left"] });
        }

        if (connect)
        {
            await Parallel.ForEachAsync(pair.Names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, token) =>
                await pair.Sender.ConnectAsync(Right, name, cancellationToken: token));
        }

        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await Sender.DisposeAsync();
        await Receiver.DisposeAsync();
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private Task<SessionEngine> EngineAsync(
        string name, InMemoryNetwork network, bool durable, AeadProviderChoice aead, Action<EngineOptions>? configure)
    {
        var options = new EngineOptions { DataDirectory = Path.Combine(_directory, name) };
        options.Cryptography.AeadProvider = aead;
        options.Handshake.AttemptsPerSecond = 100_000;
        options.Handshake.HalfOpenMax = 65_536;
        options.Handshake.HalfOpenPerSourceMax = 4_096;
        configure?.Invoke(options);
        var parts = new EngineParts
        {
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            OpenJournal = async (opened, token) =>
            {
                if (!durable)
                {
                    return new InMemoryJournal();
                }

                Directory.CreateDirectory(opened.DataDirectory);
                return await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = opened.DataDirectory }, token);
            },
        };
        parts.PeerLinks.Add(network.Connect(name));
        return SessionEngine.StartAsync(options, parts);
    }
}

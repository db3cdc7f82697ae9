using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Curves;

/// <summary>Two engines of this process, and as many sessions between them as there are identities on each side.</summary>
internal sealed class Parties : IAsyncDisposable
{
    private static readonly PeerId Left = new("left");
    private readonly string _directory = Directory.CreateTempSubdirectory("kyberium-curves-").FullName;
    private SessionEngine _receiver = null!;

    internal static PeerId Right { get; } = new("right");

    internal SessionEngine Sender { get; private set; } = null!;

    internal IdentityName[] Names { get; private set; } = [];

    internal static async Task<Parties> StartAsync(CurveOptions options, int sessions, bool durable, int shards = 64)
    {
        var parties = new Parties();
        var network = new InMemoryNetwork();
        parties.Sender = await parties.EngineAsync("left", network, durable, shards, options.Aead);
        parties._receiver = await parties.EngineAsync("right", network, durable, shards, options.Aead);
        parties.Names = [.. Enumerable.Range(0, sessions).Select(number => new IdentityName($"i{number}"))];
        await Parallel.ForEachAsync(parties.Names, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (name, token) =>
        {
            var left = await parties.Sender.CreateIdentityAsync(name, cancellationToken: token);
            var right = await parties._receiver.CreateIdentityAsync(name, cancellationToken: token);
            await parties.Sender.AddPeerAsync(
                new NewPeer { Identity = name, Peer = Right, PublicDocument = right.PublicDocument, Addresses = ["memory://right"] }, cancellationToken: token);
            await parties._receiver.AddPeerAsync(
                new NewPeer { Identity = name, Peer = Left, PublicDocument = left.PublicDocument, Addresses = ["memory://left"] }, cancellationToken: token);
            await parties.Sender.ConnectAsync(Right, name, cancellationToken: token);
        });
        return parties;
    }

    /// <summary>Acknowledges whatever arrives until the engine ends.</summary>
    internal async Task ReceiveAsync()
    {
        await foreach (var message in _receiver.ReceiveAsync())
        {
            await _receiver.AcknowledgeAsync(message.Id);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Sender.DisposeAsync();
        await _receiver.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task<SessionEngine> EngineAsync(string name, InMemoryNetwork network, bool durable, int shards, AeadProviderChoice aead)
    {
        var options = new EngineOptions { DataDirectory = Path.Combine(_directory, name) };
        options.Shard.Count = shards;
        options.Cryptography.AeadProvider = aead;
        options.Handshake.AttemptsPerSecond = 100_000;
        options.Handshake.HalfOpenMax = 65_536;
        options.Handshake.HalfOpenPerSourceMax = 4_096;
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

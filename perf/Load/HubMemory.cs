using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Kyberium.Measuring;
using Kyberium.Tests.Support;

namespace Kyberium.Load;

/// <summary>What a resident peer costs one engine with one identity, and a handshake with it.</summary>
/// <remarks>
/// One identity with many peers over a journal on disk. The peers are identities of another engine of this process, which has gone when
/// memory is measured: its keys, and rows that a journal in memory would keep, are no part of it.
/// </remarks>
internal static class HubMemory
{
    private const string Others = "others";
    private const string Hub = "hub";
    private static readonly PeerId HubPeer = new(Hub);

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var directory = Path.Combine(Path.GetTempPath(), "kyberium-load-" + Path.GetRandomFileName());
        var network = new InMemoryNetwork();
        await using var keyring = new LentKeyring();
        try
        {
            double rate, connected;
            await using (var hub = await StartAsync(directory, Hub, network, keyring.Lend()))
            {
                var identity = await hub.CreateIdentityAsync(IdentityName.Default);
                var before = Live();
                rate = await ConnectAsync(options.Peers, directory, network, hub, identity.PublicDocument);
                await hub.CheckpointAsync();
                connected = (Live() - before) / (double)options.Peers;
            }

            return
            [
                new Row("handshakes with one engine, both sides in this process", [rate], "/s"),
                new Row("resident peer of one identity after its handshake, parsed documents and all, no keyed cipher", [connected], "B"),
                new Row("resident idle peer of one identity, read from the store, no keyed cipher", [await ReadAsync(options.Peers, directory, network, keyring)], "B")
                {
                    Bar = Bar.AtMost(1_536),
                },
            ];
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What a peer takes that was read from the store and did nothing since: no document was parsed for it, and no other engine's secrets lie between its own.</summary>
    private static async Task<double> ReadAsync(int peers, string directory, InMemoryNetwork network, LentKeyring keyring)
    {
        await using var hub = await StartAsync(directory, Hub, network, keyring.Lend());
        var (before, first) = (0L, peers / 4);      // these pay for what the engine takes once
        for (var number = 0; number < peers; number++)
        {
            if (number == first)
            {
                await hub.CheckpointAsync();
                before = Live();
            }

            if ((await hub.GetPeerAsync(Known(number))).Session.Length == 0)
            {
                throw new InvalidOperationException("a peer came back without its session");
            }
        }

        await hub.CheckpointAsync();
        return (Live() - before) / (double)(peers - first);
    }

    private static PeerId Known(int number) => new($"i{number}");

    private static async Task<double> ConnectAsync(
        int peers, string directory, InMemoryNetwork network, SessionEngine hub, ReadOnlyMemory<byte> hubDocument)
    {
        await using var others = await StartAsync(directory, Others, network, new InMemoryKeyring());
        var names = Enumerable.Range(0, peers).Select(number => new IdentityName(Known(number).Value)).ToArray();
        foreach (var name in names)
        {
            var other = await others.CreateIdentityAsync(name);
            await others.AddPeerAsync(new NewPeer { Identity = name, Peer = HubPeer, PublicDocument = hubDocument, Addresses = ["memory://" + Hub] });
            await hub.AddPeerAsync(new NewPeer { Peer = new PeerId(name.Value), PublicDocument = other.PublicDocument, Addresses = ["memory://" + Others] });
        }

        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, token) =>
            await others.ConnectAsync(HubPeer, name, cancellationToken: token));
        return peers / watch.Elapsed.TotalSeconds;
    }

    private static Task<SessionEngine> StartAsync(string directory, string name, InMemoryNetwork network, IKeyring keyring)
    {
        var options = new EngineOptions { DataDirectory = Path.Combine(directory, name) };
        options.Handshake.AttemptsPerSecond = 100_000;
        options.Handshake.HalfOpenMax = 65_536;
        options.Handshake.HalfOpenPerSourceMax = 4_096;
        options.Residency.KeyedAeadMax = 2;
        var parts = new EngineParts
        {
            OpenKeyring = (_, _) => Task.FromResult(keyring),
            OpenJournal = async (opened, token) =>
            {
                Directory.CreateDirectory(opened.DataDirectory);
                return await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = opened.DataDirectory }, token);
            },
        };
        parts.PeerLinks.Add(network.Connect(name));
        return SessionEngine.StartAsync(options, parts);
    }

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}

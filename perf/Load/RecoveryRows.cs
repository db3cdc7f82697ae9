using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Measuring;
using Kyberium.Tests.Support;

namespace Kyberium.Load;

/// <summary>Starting over a store whose tail holds many facts: nothing was checkpointed. The peers are suspended, so that no handshake begins beside it.</summary>
internal static class RecoveryRows
{
    /// <summary>Rounds before the first that counts: the runtime goes on compiling for as long.</summary>
    private const int WarmUpRounds = 4;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var rows = new List<Row>();
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options, AeadProviderChoice aead)
    {
        var provider = aead.ToString().ToLowerInvariant();
        var count = options.Quick ? 500 : 200_000;
        var journal = new InMemoryJournal();
        await using var keyring = new LentKeyring();
        var engine = await StartAsync(journal, keyring, aead);
        var own = await engine.CreateIdentityAsync(IdentityName.Default);
        var strangers = await StartAsync(new InMemoryJournal(), keyring, aead);
        var peers = Math.Min(options.Peers, 200);
        for (var number = 0; number < peers; number++)
        {
            var document = await strangers.CreateIdentityAsync(new IdentityName($"i{number}"));
            await engine.AddPeerAsync(new NewPeer { Peer = new PeerId($"p{number}"), PublicDocument = document.PublicDocument });
        }

        await strangers.DisposeAsync();
        var payload = new byte[256];
        await TrafficRows.ConcurrentAsync(count, 1_000, async i => await engine.SendAsync(new PeerId($"p{i % peers}"), payload));
        for (var number = 0; number < peers; number++)
        {
            await engine.SuspendPeerAsync(new PeerId($"p{number}"));
        }

        var (rates, processor, empty) = (new List<double>(), new List<double>(), new List<double>());
        SessionEngine recovered = engine;
        for (var round = options.Quick ? -1 : -WarmUpRounds; round < options.Rounds; round++)
        {
            var bare = Stopwatch.StartNew();
            await (await StartAsync(new InMemoryJournal(), keyring, aead)).DisposeAsync();
            bare.Stop();
            journal = journal.Reopen();         // what the engine before does from here on reaches no store, as after a crash
            await recovered.DisposeAsync();     // a process that starts has nobody else's messages in its memory
            recovered = engine = null!;
            GC.Collect();
            var watch = Stopwatch.StartNew();
            var usedBefore = Environment.CpuUsage.TotalTime;
            recovered = await StartAsync(journal, keyring, aead);
            if (round >= 0 || options.Rounds == 1)
            {
                empty.Add(bare.Elapsed.TotalMilliseconds);
                rates.Add(count / watch.Elapsed.TotalSeconds);
                processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
            }
        }

        var waiting = 0;
        for (var number = 0; number < peers; number++)
        {
            waiting += (await recovered.GetPeerAsync(new PeerId($"p{number}"))).OutboxCount;
        }

        if (waiting != count || recovered.GetIdentity(IdentityName.Default).Fingerprint != own.Fingerprint)
        {
            throw new InvalidOperationException($"{waiting} of {count} messages were recovered");
        }

        await recovered.DisposeAsync();
        return
        [
            new Row($"{provider}: recovery of {count:N0} messages, in-memory store", rates, "/s") { Bar = Bar.AtLeast(750_000) },
            new Row($"{provider}: processor time of each", processor, "µs") { Bar = Bar.AtMost(2.7) },
            new Row($"{provider}: start and stop over an empty store", empty, "ms"),
        ];
    }

    private static Task<SessionEngine> StartAsync(InMemoryJournal journal, LentKeyring keyring, AeadProviderChoice aead)
    {
        var options = new EngineOptions();
        options.Cryptography.AeadProvider = aead;
        options.Journal.CheckpointInterval = TimeSpan.FromHours(1);
        options.Journal.TailBytesMax = 16L << 30;
        return SessionEngine.StartAsync(options, new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(journal),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(keyring.Lend()),
        });
    }
}

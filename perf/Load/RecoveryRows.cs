using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Starting over a store whose tail holds many facts: nothing was checkpointed.</summary>
internal static class RecoveryRows
{
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
        using var keyring = new SharedKeyring();
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
        var (rates, processor, empty) = (new List<double>(), new List<double>(), new List<double>());
        SessionEngine recovered = engine;
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var bare = Stopwatch.StartNew();
            await (await StartAsync(new InMemoryJournal(), keyring, aead)).DisposeAsync();
            var watch = Stopwatch.StartNew();
            var usedBefore = Environment.CpuUsage.TotalTime;
            recovered = await StartAsync(journal = journal.Reopen(), keyring, aead);     // the one before is left as a crash would leave it
            if (round >= 0 || options.Rounds == 1)
            {
                empty.Add((bare.Elapsed - watch.Elapsed).TotalMilliseconds);
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
            new Row($"{provider}: recovery of {count:N0} messages, in-memory store", rates, "facts/s"),
            new Row("processor time of each", processor, "µs"),
            new Row("start and stop over an empty store", empty, "ms"),
        ];
    }

    private static Task<SessionEngine> StartAsync(InMemoryJournal journal, SharedKeyring keyring, AeadProviderChoice aead)
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

    /// <summary>One keyring for several engines in turn: disposing an engine leaves it as it is.</summary>
    private sealed class SharedKeyring : IDisposable
    {
        private readonly InMemoryKeyring _keyring = new();

        internal IKeyring Lend() => new Lent(_keyring);

        public void Dispose() => _keyring.DisposeAsync().AsTask().GetAwaiter().GetResult();

        private sealed class Lent(IKeyring keyring) : IKeyring
        {
            public string Description => keyring.Description;

            public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
                ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
                keyring.WrapAsync(key, context, cancellationToken);

            public ValueTask<byte[]> UnwrapAsync(
                ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
                keyring.UnwrapAsync(wrapped, context, cancellationToken);

            public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
                ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
                keyring.ReadWitnessesAsync(storeId, cancellationToken);

            public ValueTask WriteWitnessesAsync(
                ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default) =>
                keyring.WriteWitnessesAsync(storeId, witnesses, cancellationToken);

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}

using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Starting over a store whose tail holds many facts: nothing was checkpointed.</summary>
internal static class RecoveryRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var count = options.Quick ? 500 : 200_000;
        var journal = new InMemoryJournal();
        using var keyring = new SharedKeyring();
        var engine = await StartAsync(journal, keyring);
        var own = await engine.CreateIdentityAsync(IdentityName.Default);
        var strangers = await StartAsync(new InMemoryJournal(), keyring);
        var peers = Math.Min(options.Peers, 200);
        for (var number = 0; number < peers; number++)
        {
            var document = await strangers.CreateIdentityAsync(new IdentityName($"i{number}"));
            await engine.AddPeerAsync(new NewPeer { Peer = new PeerId($"p{number}"), PublicDocument = document.PublicDocument });
        }

        await strangers.DisposeAsync();
        var payload = new byte[256];
        await TrafficRows.ConcurrentAsync(count, 1_000, async i => await engine.SendAsync(new PeerId($"p{i % peers}"), payload));
        var watch = Stopwatch.StartNew();
        var recovered = await StartAsync(journal.Reopen(), keyring);      // the first engine is left as a crash would leave it
        var seconds = watch.Elapsed.TotalSeconds;
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
        return [new Row($"recovery of {count:N0} messages, in-memory store", [count / seconds], "facts/s")];
    }

    private static Task<SessionEngine> StartAsync(InMemoryJournal journal, SharedKeyring keyring)
    {
        var options = new EngineOptions();
        options.Journal.CheckpointInterval = TimeSpan.FromHours(1);
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

using Kyberium.Engine;

namespace Kyberium.Tests.Support;

/// <summary>One keyring in memory for several engines, one after the other or side by side: an engine that ends leaves it as it is.</summary>
internal sealed class LentKeyring : IAsyncDisposable
{
    private readonly InMemoryKeyring _keyring = new();

    internal IKeyring Lend() => new Loan(_keyring);

    public ValueTask DisposeAsync() => _keyring.DisposeAsync();

    private sealed class Loan(IKeyring keyring) : IKeyring
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

namespace Kyberium.Engine.Tests.Engine;

/// <summary>A keyring in memory that outlives the engines that use it, one after the other or side by side.</summary>
internal sealed class KeptKeyring : IKeyring
{
    private readonly InMemoryKeyring _keyring = new();

    public string Description => _keyring.Description;

    internal ValueTask EndAsync() => _keyring.DisposeAsync();

    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
        _keyring.WrapAsync(key, context, cancellationToken);

    public ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
        _keyring.UnwrapAsync(wrapped, context, cancellationToken);

    public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
        _keyring.ReadWitnessesAsync(storeId, cancellationToken);

    public ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default) =>
        _keyring.WriteWitnessesAsync(storeId, witnesses, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

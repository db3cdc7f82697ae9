using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Keyring;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>A node's master key and what it remembers of the store: they outlive its processes. Same wrapping as the real keyrings.</summary>
internal sealed class SimulatedKeyring : IKeyring
{
    private readonly SeededChoices _choices;
    private readonly MasterKey _master;
    private readonly Dictionary<ShardId, ShardWitness> _witnesses = [];

    internal SimulatedKeyring(SeededChoices choices)
    {
        _choices = choices;
        Span<byte> key = stackalloc byte[MasterKey.Size];
        choices.Fill(key);
        Secret = key.ToArray();
        _master = new MasterKey(new MasterKeyId(choices.Next()), DateTimeOffset.UnixEpoch, SecretBytes.CopyOf(key));
    }

    /// <summary>Gets the master key, for a checker to look for.</summary>
    internal byte[] Secret { get; }

    public string Description => "the keyring of a simulated node";

    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        Span<byte> salt = stackalloc byte[KeyWrapping.SaltSize];
        _choices.Fill(salt);
        return new(KeyWrapping.Wrap(_master, salt, key.Span, context.Span));
    }

    public ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
        new(KeyWrapping.Unwrap(_master, wrapped.Span, context.Span));

    public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
        new((IReadOnlyList<ShardWitness>)[.. _witnesses.Values]);

    public ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default)
    {
        foreach (var witness in witnesses)
        {
            WitnessEntry.Raise(_witnesses, witness with { Tenure = witness.Tenure.ToArray() });
        }

        return default;
    }

    /// <summary>A process that ends leaves the keyring as it is.</summary>
    public ValueTask DisposeAsync() => default;
}

using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine;

/// <summary>A keyring that is gone when the process is: for tests, and for engines whose store is as short-lived.</summary>
/// <remarks>
/// With a store that outlives the process this loses every key in it. Thread-safe, except against its own disposal.
/// </remarks>
public sealed class InMemoryKeyring : IKeyring
{
    private readonly Lock _witnessing = new();
    private readonly Dictionary<UInt128, Dictionary<ShardId, ShardWitness>> _witnesses = [];
    private MasterKeySet _keys;
    private bool _disposed;

    /// <summary>Draws a random master key.</summary>
    public InMemoryKeyring()
        : this(MasterKey.Draw(DateTimeOffset.UnixEpoch))
    {
    }

    internal InMemoryKeyring(MasterKey master) => _keys = new MasterKeySet([master]);

    /// <inheritdoc/>
    public string Description => $"memory only, master key {Keys.Current.Id}";

    private MasterKeySet Keys
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Volatile.Read(ref _keys);
        }
    }

    /// <summary>Adds a new current master key; the older ones stay, to unwrap what they wrapped.</summary>
    public void Rotate()
    {
        lock (_witnessing)
        {
            var keys = Keys;
            if (keys.Keys.Length == MasterKeySet.CountMax)
            {
                throw KeyringErrors.Full(Description);
            }

            Volatile.Write(ref _keys, keys.WithCurrent(MasterKey.Draw(DateTimeOffset.UnixEpoch)));
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        Span<byte> salt = stackalloc byte[KeyWrapping.SaltSize];
        SystemEntropy.Instance.Fill(salt);
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(KeyWrapping.Wrap(Keys.Current, salt, key.Span, context.Span));
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        var id = KeyWrapping.ReadMasterKeyId(wrapped.Span);
        var master = Keys.Find(id) ?? throw KeyringErrors.UnknownMasterKey(id, "this keyring, which lives in memory only");
        return ValueTask.FromResult(KeyWrapping.Unwrap(master, wrapped.Span, context.Span));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default)
    {
        var store = MasterKeyId.Read(storeId.Span).Value;
        lock (_witnessing)
        {
            IReadOnlyList<ShardWitness> found = _witnesses.TryGetValue(store, out var known) ? [.. known.Values] : [];
            return ValueTask.FromResult(found);
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(witnesses);
        var store = MasterKeyId.Read(storeId.Span).Value;
        lock (_witnessing)
        {
            if (!_witnesses.TryGetValue(store, out var known))
            {
                _witnesses[store] = known = [];
            }

            foreach (var witness in witnesses)
            {
                WitnessEntry.Check(witness);
                WitnessEntry.Raise(known, witness with { Tenure = witness.Tenure.ToArray() });
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Zeroes the keys; what they wrapped is lost.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            _keys.Zero();
        }

        return ValueTask.CompletedTask;
    }
}

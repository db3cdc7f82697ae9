namespace Kyberium.Engine;

/// <summary>A second place, beside the keyring, that remembers how far each shard of a store had come: a restored or cloned store is noticed also where the
/// keyring was restored or cloned with it.</summary>
/// <remarks>It helps to notice, and nothing waits for it: a place that cannot be reached says so in the log by itself, and the engine goes on without. It is
/// thread-safe, and belongs to the engine that it was opened for.</remarks>
public interface IStoreWitness : IAsyncDisposable
{
    /// <summary>Reads what is remembered of a store, of each shard the highest. Empty when nothing is, or the place cannot be reached.</summary>
    /// <param name="storeId">16 bytes.</param>
    ValueTask<IReadOnlyList<ShardWitness>> ReadAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default);

    /// <summary>Hands in how far a shard has come; what is remembered never becomes lower by it. Returns at once and does not fail: it is written in the
    /// background, the rest at disposal.</summary>
    /// <param name="storeId">16 bytes.</param>
    /// <param name="witness">Not changed afterwards.</param>
    void Remember(ReadOnlyMemory<byte> storeId, in ShardWitness witness);
}

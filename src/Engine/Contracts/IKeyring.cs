namespace Kyberium.Engine;

/// <summary>Where master keys live, outside the data directory. Wraps data keys and remembers how far each store had come.</summary>
/// <remarks>A missing or unreadable master key is an error; an implementation never makes a new one by itself.</remarks>
public interface IKeyring : IAsyncDisposable
{
    /// <summary>Gets a line for people: the provider, its key's id and where it lies. Never the key.</summary>
    string Description { get; }

    /// <summary>Wraps a key under the current master key.</summary>
    /// <param name="key">16 to 64 secret bytes; the caller zeroes them.</param>
    /// <param name="context">What the key is for; authenticated, not stored. At most 256 bytes.</param>
    /// <returns>The wrapped key with the master key's id in it; at most 512 bytes, not secret.</returns>
    ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default);

    /// <summary>Unwraps a key.</summary>
    /// <returns>The secret bytes; the caller zeroes them.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringWrongKey"/>: no master key here wrapped it, or the
    /// context is another.</exception>
    ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default);

    /// <summary>Reads what was last remembered of a store; empty when nothing was.</summary>
    ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default);

    /// <summary>Remembers how far shards of a store have come, durably. Nothing that is remembered becomes lower by it.</summary>
    /// <remarks>What is said is joined to what is known of the shard: of two generations the higher one alone; within one the higher fence with its tenure, and the
    /// higher position. So it does not matter who says what in which order: an owner that was deposed and writes late takes nothing back. Only a higher
    /// generation replaces, and those are begun on purpose. An implementation that several processes share reads, joins and writes in one step.</remarks>
    ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default);
}

/// <summary>How far a shard had come, kept where a restored copy of the store does not reach.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Fence">Its fence.</param>
/// <param name="Tenure">The 32 random bytes of the owner's stay.</param>
/// <param name="Position">The end of its log.</param>
public readonly record struct ShardWitness(ShardId Shard, Fence Fence, ReadOnlyMemory<byte> Tenure, LogPosition Position)
{
    /// <summary>Gets the store's generation: how often it had been gone on from as an older copy, on purpose. A witness of an earlier one says nothing
    /// about the store any more.</summary>
    public uint Generation { get; init; }
}

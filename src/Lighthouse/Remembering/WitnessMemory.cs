using Kyberium.Engine;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Engine.Keyring;

namespace Kyberium.Lighthouse.Remembering;

/// <summary>What this Lighthouse remembers of stores: one file each, only ever raised. Several processes may share the folder.</summary>
/// <remarks>Whoever changes a file holds the folder's lock from reading to replacing it, so that nobody's entry is lost under another's.</remarks>
internal sealed class WitnessMemory(string folder, TimeProvider time)
{
    /// <summary>How many stores are remembered: a cluster has one, and as many as its databases were made anew.</summary>
    internal const int StoreCountMax = 16;

    /// <summary>Reads what is remembered of a store; empty when nothing is.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JournalCorrupt"/>: the file is damaged; <see cref="EngineErrorCode.KeyringUnusable"/>: it
    /// cannot be read, or others can.</exception>
    internal async ValueTask<IReadOnlyList<ShardWitness>> ReadAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken)
    {
        var path = PathOf(storeId.Span);
        if (await PrivateFile.ReadAsync(path, WitnessList.BytesMax, cancellationToken) is not { } bytes)
        {
            return [];
        }

        return WitnessList.TryDecode(bytes, storeId.Span, out var problem) ?? throw LighthouseErrors.MemoryDamaged(path, problem!);
    }

    /// <summary>Raises what is remembered of a store to what is said, where that is higher. Durable when it completes.</summary>
    /// <returns>The store's generation before and after.</returns>
    /// <exception cref="EngineException">As <see cref="ReadAsync"/>; <see cref="EngineErrorCode.RequestInvalid"/>: too many stores, or shards of this one.</exception>
    internal async ValueTask<(uint Before, uint After)> RaiseAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> said, CancellationToken cancellationToken)
    {
        await using var held = await FolderLock.TakeAsync(folder, time, cancellationToken);
        var known = (await ReadAsync(storeId, cancellationToken)).ToDictionary(static witness => witness.Shard);
        var before = GenerationOf(known.Values);
        var isRaised = false;
        foreach (var witness in said)
        {
            var highest = known.TryGetValue(witness.Shard, out var present) ? WitnessEntry.Highest(present, witness) : witness;
            isRaised |= !known.ContainsKey(witness.Shard) || highest.Generation != present.Generation || highest.Fence != present.Fence || highest.Position != present.Position;
            known[witness.Shard] = highest;
        }

        if (isRaised)
        {
            if (known.Count > WitnessList.CountMax || (!File.Exists(PathOf(storeId.Span)) && List().Count >= StoreCountMax))
            {
                throw JoinErrors.TooManyStores(StoreCountMax);
            }

            await PrivateFile.ReplaceAsync(PathOf(storeId.Span), WitnessList.Encode(storeId.Span, known.Values), cancellationToken);
        }

        return (before, GenerationOf(known.Values));
    }

    /// <summary>Lists the stores of which something is remembered, as their ids are written.</summary>
    internal IReadOnlyList<string> List() => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder).Select(static path => Path.GetFileName(path)).Where(static name => TryStore(name, out _)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Forgets a store.</summary>
    /// <returns>Whether there was something to forget.</returns>
    internal async ValueTask<bool> ForgetAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken)
    {
        if (!File.Exists(PathOf(storeId.Span)))
        {
            return false;
        }

        await using var held = await FolderLock.TakeAsync(folder, time, cancellationToken);
        File.Delete(PathOf(storeId.Span));
        return true;
    }

    /// <summary>Reads a store's id as it is written: 32 lower-case hexadecimal digits.</summary>
    internal static bool TryStore(string text, out byte[] storeId)
    {
        storeId = text.Length == 2 * WitnessList.StoreIdSize && text.All(char.IsAsciiHexDigitLower) ? Convert.FromHexString(text) : [];
        return storeId.Length > 0;
    }

    internal static uint GenerationOf(IEnumerable<ShardWitness> witnesses) => witnesses.Select(static witness => witness.Generation).DefaultIfEmpty().Max();

    private string PathOf(ReadOnlySpan<byte> storeId) => Path.Combine(folder, Convert.ToHexStringLower(storeId));
}

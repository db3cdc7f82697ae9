using Kyberium.Engine.Identities;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Shards;

/// <summary>Looks at a store before any of it is taken over, so that a start which a wrong keyring, another count of shards or a newer
/// copy refuses leaves it as it was.</summary>
/// <param name="ShardCount">How many shards the store was made with; 0 when it was just begun.</param>
/// <param name="Witnesses">How far its shards have to be at least; none when an older copy is meant to go on.</param>
/// <param name="GenerationRemembered">The highest generation of the store that a witness knows.</param>
internal sealed record StartCheck(int ShardCount, IReadOnlyDictionary<ShardId, ShardWitness> Witnesses, uint GenerationRemembered)
{
    /// <param name="witness">Where beside the keyring is remembered how far the store had come; <see langword="null"/>: nowhere.</param>
    /// <param name="ignoresWitnesses">Whether an older copy is meant to go on.</param>
    /// <exception cref="EngineException">Why the start is refused.</exception>
    internal static async Task<StartCheck> RunAsync(
        IJournal journal, IKeyring keyring, IStoreWitness? witness, bool ignoresWitnesses, CancellationToken cancellationToken)
    {
        var (generation, count) = await EngineDirectory.ReadStateAsync(journal, keyring, cancellationToken).ConfigureAwait(false);
        var remembered = await ReadAsync(journal, keyring, witness, cancellationToken).ConfigureAwait(false);
        var highest = remembered.Values.Select(static each => each.Generation).DefaultIfEmpty().Max();
        if (ignoresWitnesses)
        {
            return new StartCheck(count, new Dictionary<ShardId, ShardWitness>(), highest);
        }

        foreach (var each in remembered.Values)
        {
            if (each.Generation > generation)
            {
                throw ShardErrors.EarlierGeneration(generation, each.Generation);
            }

            if (each.Generation == generation)
            {
                ShardStore.CheckAge(each.Shard, await ExtentAsync(journal, each, cancellationToken).ConfigureAwait(false), each);
            }
        }

        // What is older than the generation speaks of a copy that was given up on purpose.
        return new StartCheck(count, remembered.Where(each => each.Value.Generation == generation).ToDictionary(), highest);
    }

    // Before the store is looked at: it goes on meanwhile where other nodes run, and what is remembered must not be ahead of what is read.
    private static async Task<Dictionary<ShardId, ShardWitness>> ReadAsync(
        IJournal journal, IKeyring keyring, IStoreWitness? witness, CancellationToken cancellationToken)
    {
        var remembered = (await keyring.ReadWitnessesAsync(journal.StoreId, cancellationToken).ConfigureAwait(false)).ToDictionary(static each => each.Shard);
        foreach (var each in witness is null ? [] : await witness.ReadAsync(journal.StoreId, cancellationToken).ConfigureAwait(false))
        {
            WitnessEntry.Raise(remembered, each);
        }

        return remembered;
    }

    // A damaged shard stays down while the others go on: that is found and told when it is started.
    private static async Task<ShardExtent> ExtentAsync(IJournal journal, ShardWitness witness, CancellationToken cancellationToken)
    {
        try
        {
            return await journal.ReadExtentAsync(witness.Shard, cancellationToken).ConfigureAwait(false);
        }
        catch (EngineException damaged) when (damaged.Code == EngineErrorCode.JournalCorrupt)
        {
            return new ShardExtent(witness.Fence, witness.Position, witness.Position);
        }
    }
}

using Kyberium.Engine.Identities;

namespace Kyberium.Engine.Shards;

/// <summary>Looks at a store before any of it is taken over, so that a start which a wrong keyring, another count of shards or a newer
/// copy refuses leaves it as it was.</summary>
internal static class StartCheck
{
    /// <param name="ignoresWitnesses">Whether an older copy is meant to go on.</param>
    /// <returns>How many shards the store was made with; 0 when it was just begun.</returns>
    /// <exception cref="EngineException">Why the start is refused.</exception>
    internal static async Task<int> RunAsync(
        IJournal journal, IKeyring keyring, bool ignoresWitnesses, CancellationToken cancellationToken)
    {
        var count = await EngineDirectory.ReadShardCountAsync(journal, keyring, cancellationToken).ConfigureAwait(false);
        if (!ignoresWitnesses)
        {
            foreach (var witness in await keyring.ReadWitnessesAsync(journal.StoreId, cancellationToken).ConfigureAwait(false))
            {
                ShardStore.CheckAge(witness.Shard, await ExtentAsync(journal, witness, cancellationToken).ConfigureAwait(false), witness);
            }
        }

        return count;
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

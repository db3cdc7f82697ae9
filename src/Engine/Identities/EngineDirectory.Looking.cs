using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Identities;

internal sealed partial class EngineDirectory
{
    /// <summary>Reads a store's generation and how many shards it was made with, without owning or changing anything of it.</summary>
    /// <returns>0 and 0 for a store that was just begun.</returns>
    /// <exception cref="EngineException">What opening the directory gives, <see cref="EngineErrorCode.KeyringWrongKey"/> above all.</exception>
    internal static async Task<(uint Generation, int ShardCount)> ReadStateAsync(IJournal journal, IKeyring keyring, CancellationToken cancellationToken)
    {
        using var keys = await DataKeys.ReadAsync(journal, keyring, ShardId.Directory, cancellationToken).ConfigureAwait(false);
        var row = StateKey;
        if (await journal.ReadRowAsync(ShardId.Directory, row, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            return (0, 0);
        }

        var extent = await journal.ReadExtentAsync(ShardId.Directory, cancellationToken).ConfigureAwait(false);
        using var opener = new ShardOpener(journal.StoreId, ShardId.Directory, extent, keys);
        return ReadState(await opener.OpenRowAsync(new JournalRow(row, bytes), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Gets where the store's generation and its count of shards are.</summary>
    internal static RowKey StateKey => new(RowKind.Directory, new[] { StateClass });

    /// <summary>Gets what the keys of identities' rows begin with.</summary>
    internal static ReadOnlyMemory<byte> IdentityRows => new[] { IdentityClass };

    internal static (uint Generation, int ShardCount) ReadState(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        return (reader.UInt32(), (int)reader.UInt32());
    }
}

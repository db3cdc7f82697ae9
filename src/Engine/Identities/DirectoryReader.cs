using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Identities;

/// <summary>Reads the directory beside whoever owns it, and writes nothing.</summary>
/// <remarks>Thread-safe: one piece at a time.</remarks>
internal sealed class DirectoryReader(DirectoryParts parts, IdentityTable identities) : IAsyncDisposable
{
    private readonly SerialLane _lane = new(parts.Scheduler);
    private DataKeys? _keys;
    private ShardOpener? _opener;

    /// <summary>Gets the store's generation, as it was when last read.</summary>
    internal uint Generation { get; private set; }

    /// <summary>Reads generation and identities.</summary>
    internal Task RefreshAsync(CancellationToken cancellationToken) => ReadAsync(async opener =>
    {
        if (await parts.Journal.ReadRowAsync(ShardId.Directory, EngineDirectory.StateKey, cancellationToken).ConfigureAwait(false) is { } state)
        {
            (Generation, _) = EngineDirectory.ReadState(
                await opener.OpenRowAsync(new JournalRow(EngineDirectory.StateKey, state), cancellationToken).ConfigureAwait(false));
        }

        await foreach (var row in parts.Journal.ReadRowsAsync(
            ShardId.Directory, RowKind.Directory, EngineDirectory.IdentityRows, cancellationToken).ConfigureAwait(false))
        {
            identities.Read(await opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false), parts.PrivateKeys);
        }

        return true;
    });

    /// <summary>Finds the peer that is pinned by a fingerprint.</summary>
    internal Task<PeerKey?> FindPeerAsync(IdentityName identity, Fingerprint fingerprint) => ReadAsync(async opener =>
    {
        var key = EngineDirectory.FingerprintRow(identity, fingerprint);
        return await parts.Journal.ReadRowAsync(ShardId.Directory, key).ConfigureAwait(false) is { } bytes
            ? EngineDirectory.ReadOwner(await opener.OpenRowAsync(new JournalRow(key, bytes), default).ConfigureAwait(false))
            : default(PeerKey?);
    });

    public async ValueTask DisposeAsync()
    {
        await _lane.DrainAsync().ConfigureAwait(false);
        Forget();
    }

    /// <summary>Reads; once more with the data keys there are now, when what was read is sealed under a newer one or was sealed anew meanwhile.</summary>
    private Task<T> ReadAsync<T>(Func<ShardOpener, Task<T>> read) => _lane.RunAsync(async () =>
    {
        if (_opener is not null)
        {
            try
            {
                return await read(_opener).ConfigureAwait(false);
            }
            catch (EngineException damaged) when (damaged.Code == EngineErrorCode.JournalCorrupt)
            {
                Forget();
            }
        }

        _keys = await DataKeys.ReadAsync(parts.Journal, parts.Keyring, ShardId.Directory, default).ConfigureAwait(false);
        // Its owners come and go beside this: what any of them wrote is read, whatever its fence.
        _opener = new ShardOpener(parts.Journal.StoreId, ShardId.Directory, new ShardExtent(new Fence(long.MaxValue), default, default), _keys);
        return await read(_opener).ConfigureAwait(false);
    });

    private void Forget()
    {
        _opener?.Dispose();
        _keys?.Dispose();
        (_opener, _keys) = (null, null);
    }
}

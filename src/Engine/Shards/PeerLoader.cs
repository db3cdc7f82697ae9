using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>Reads one peer from its rows.</summary>
internal static class PeerLoader
{
    /// <summary>Gives a peer as its last snapshot left it; <see langword="null"/> when there is none, or it was forgotten.</summary>
    internal static async Task<LoadedPeer?> LoadAsync(
        ShardEnvironment environment, ShardId shard, ShardOpener opener, PeerHash hash, Fence exactFrom,
        CancellationToken cancellationToken)
    {
        var journal = environment.Journal;
        var vaultKey = hash.Row(RowKind.PeerKey);
        RowKey Of(RowKind kind) => vaultKey with { Kind = kind };
        var rows = await journal.ReadFirstRowsAsync(
            shard, [vaultKey, Of(RowKind.Peer), Of(RowKind.Windows), Of(RowKind.Outbox), Of(RowKind.Inbox)], cancellationToken).ConfigureAwait(false);
        if (rows[0] is not { } vaultRow)
        {
            return null;
        }

        var vaultPlaintext = await opener.OpenRowAsync(vaultRow, cancellationToken).ConfigureAwait(false);
        var vault = new PeerVault(SecretBytes.CopyOf(vaultPlaintext.Span[..PeerVault.KeySize]), environment.Aead.Default);
        var state = new PeerState(ReadName(vaultPlaintext));
        var loaded = new LoadedPeer(state, hash, vault);
        try
        {
            if (rows[1] is { } snapshot)
            {
                await OpenAsync(opener, vault, shard, snapshot, plaintext =>
                    loaded.StoredAt = SnapshotCodec.Read(plaintext, state, new UnixMillis(environment.Scheduler.UnixMillis)),
                    cancellationToken).ConfigureAwait(false);
                loaded.ChangedAt = loaded.StoredAt;
                if (rows[3] is not null || rows[4] is not null)
                {
                    await ReadMessagesAsync(journal, shard, opener, loaded, vaultKey.Key, cancellationToken).ConfigureAwait(false);
                }

                loaded.StoredIndices = ShardStore.IndicesOf(state);
                if (state.Sessions.Count > 0 && rows[2] is { } windows)
                {
                    await OpenAsync(opener, vault, shard, windows, plaintext =>
                        loaded.Windows = ExactWindows.Read(plaintext, exactFrom), cancellationToken).ConfigureAwait(false);
                }
            }

            return loaded;
        }
        catch (StateFormatException exception)
        {
            loaded.Dispose();
            throw ShardErrors.StateUnreadable(shard, $"peer '{state.Key}'", exception);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Reads a public document that a peer is pinned by; <see langword="null"/> when it is not, or not stored yet.</summary>
    internal static async Task<ReadOnlyMemory<byte>?> ReadDocumentAsync(
        ShardEnvironment environment, ShardId shard, ShardOpener opener, PeerHash hash, Fingerprint fingerprint,
        CancellationToken cancellationToken)
    {
        var vaultKey = hash.Row(RowKind.PeerKey);
        var key = hash.Row(fingerprint);
        if (await environment.Journal.ReadRowAsync(shard, vaultKey, cancellationToken).ConfigureAwait(false) is not { } vaultRow
            || await environment.Journal.ReadRowAsync(shard, key, cancellationToken).ConfigureAwait(false) is not { } row)
        {
            return null;
        }

        // A key of its own: the resident peer's belongs to the turn.
        var vaultPlaintext = await opener.OpenRowAsync(new JournalRow(vaultKey, vaultRow), cancellationToken).ConfigureAwait(false);
        using var vault = new PeerVault(SecretBytes.CopyOf(vaultPlaintext.Span[..PeerVault.KeySize]), environment.Aead.Default);
        ReadOnlyMemory<byte> document = default;
        try
        {
            await OpenAsync(
                opener, vault, shard, new JournalRow(key, row),
                plaintext => document = SnapshotCodec.ReadDocumentRow(plaintext, fingerprint), cancellationToken).ConfigureAwait(false);
        }
        catch (StateFormatException exception)
        {
            throw ShardErrors.StateUnreadable(shard, "a public document", exception);
        }

        return document;
    }

    internal static PeerKey ReadName(ReadOnlyMemory<byte> vaultPlaintext)
    {
        var reader = new StateReader(vaultPlaintext[PeerVault.KeySize..]);
        return new PeerKey(new IdentityName(reader.Text()), new PeerId(reader.Text()));
    }

    private static async Task ReadMessagesAsync(
        IJournal journal, ShardId shard, ShardOpener opener, LoadedPeer loaded, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken)
    {
        var (state, vault) = (loaded.State, loaded.Vault);
        await foreach (var row in journal.ReadRowsAsync(shard, RowKind.Outbox, prefix, cancellationToken).ConfigureAwait(false))
        {
            await OpenAsync(
                opener, vault, shard, row, plaintext => state.Outgoing.Add(SnapshotCodec.ReadOutboxRow(plaintext)), cancellationToken)
                .ConfigureAwait(false);
        }

        await foreach (var row in journal.ReadRowsAsync(shard, RowKind.Inbox, prefix, cancellationToken).ConfigureAwait(false))
        {
            await OpenAsync(opener, vault, shard, row, plaintext => AddInbox(state, plaintext), cancellationToken).ConfigureAwait(false);
        }
    }

    private static void AddInbox(PeerState state, ReadOnlyMemory<byte> plaintext)
    {
        var message = SnapshotCodec.ReadInboxRow(plaintext);
        state.Incoming.Unhandled.AddLast(message);
        state.Incoming.PayloadBytes += message.Payload.Length;
    }

    private static async Task OpenAsync(
        ShardOpener opener, PeerVault vault, ShardId shard, JournalRow row, Action<ReadOnlyMemory<byte>> use,
        CancellationToken cancellationToken)
    {
        var inner = await opener.OpenRowAsync(row, cancellationToken).ConfigureAwait(false);
        var head = PeerVault.SaltSize + 8;
        if (inner.Length < head + PeerVault.TagSize)
        {
            throw JournalErrors.Corrupt(shard, row.Key, FrameFault.NotAuthentic);
        }

        var plaintext = new byte[inner.Length - head - PeerVault.TagSize];
        try
        {
            var salt = BinaryPrimitives.ReadUInt128BigEndian(inner.Span);
            var counter = BinaryPrimitives.ReadUInt64BigEndian(inner.Span[PeerVault.SaltSize..]);
            if (!vault.TryOpen(salt, counter, inner.Span[head..], plaintext, row.Key.Key.Span))
            {
                throw JournalErrors.Corrupt(shard, row.Key, FrameFault.NotAuthentic);
            }

            use(plaintext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}

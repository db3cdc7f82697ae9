using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Journal;

/// <summary>The data keys of one shard: wrapped in its rows, unwrapped by the keyring when first needed.</summary>
/// <remarks>The highest number is the current one: only it seals. Older ones open what they sealed until nothing of it is
/// left. Not thread-safe but for <see cref="Numbers"/> and what reads headers alone.</remarks>
internal sealed class DataKeys : IDisposable
{
    private readonly IJournal _journal;
    private readonly IKeyring _keyring;
    private readonly ShardId _shard;
    private readonly byte[] _shardBytes;
    private readonly SortedDictionary<uint, DataKeyRow> _rows = [];
    private readonly Dictionary<uint, DataKey> _unwrapped = [];
    private readonly long _ageMillisMax;
    private volatile uint[] _numbers = [];

    private DataKeys(IJournal journal, IKeyring keyring, ShardId shard, TimeSpan ageMax)
    {
        _ageMillisMax = (long)ageMax.TotalMilliseconds;
        _journal = journal;
        _keyring = keyring;
        _shard = shard;
        _shardBytes = ShardBytes.Of(shard);
    }

    /// <summary>Gets the key that seals.</summary>
    internal DataKey Current { get; private set; } = null!;

    /// <summary>Gets the numbers of all keys kept, ascending. Any thread may look.</summary>
    internal IReadOnlyList<uint> Numbers => _numbers;

    /// <summary>Reads a shard's keys as its new owner: makes the first one durable, replaces a current one that is due.</summary>
    /// <param name="journal">Where the shard lives.</param>
    /// <param name="keyring">Wraps and unwraps.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="extent">What acquiring it gave; the fence that new keys are committed under.</param>
    /// <param name="ageMax">How old the current key may grow before it is due for rotation.</param>
    /// <param name="unixMillis">Wall time.</param>
    /// <param name="entropy">32 secret random bytes, used when a key is made; the caller zeroes them.</param>
    /// <param name="cancellationToken">Cancels waiting.</param>
    /// <exception cref="EngineException">What the keyring throws, <see cref="EngineErrorCode.KeyringWrongKey"/> above all;
    /// <see cref="EngineErrorCode.JournalCorrupt"/>: a key's row is damaged, or the log has records but no key is left.</exception>
    internal static async ValueTask<DataKeys> OpenAsync(
        IJournal journal, IKeyring keyring, ShardId shard, ShardExtent extent, TimeSpan ageMax, long unixMillis,
        ReadOnlyMemory<byte> entropy, CancellationToken cancellationToken)
    {
        var keys = await ReadAsync(journal, keyring, shard, ageMax, cancellationToken).ConfigureAwait(false);
        try
        {
            await keys.EnsureCurrentAsync(extent, unixMillis, entropy, cancellationToken).ConfigureAwait(false);
            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>Reads a shard's keys without owning it, for verifying. Makes none: a shard without keys gives an empty set.</summary>
    internal static ValueTask<DataKeys> ReadAsync(
        IJournal journal, IKeyring keyring, ShardId shard, CancellationToken cancellationToken) =>
        ReadAsync(journal, keyring, shard, TimeSpan.MaxValue, cancellationToken);

    private static async ValueTask<DataKeys> ReadAsync(
        IJournal journal, IKeyring keyring, ShardId shard, TimeSpan ageMax, CancellationToken cancellationToken)
    {
        var keys = new DataKeys(journal, keyring, shard, ageMax);
        await foreach (var row in journal.ReadRowsAsync(shard, RowKind.DataKey, default, cancellationToken).ConfigureAwait(false))
        {
            var fault = DataKeyRow.Parse(row.Key, row.Value, out var number, out var parsed);
            keys._rows[number] = fault == FrameFault.None ? parsed : throw JournalErrors.Corrupt(shard, row.Key, fault);
        }

        keys._numbers = [.. keys._rows.Keys];
        if (keys._rows.Count > 0)
        {
            keys.Current = await keys.FindAsync(keys._rows.Keys.Last(), cancellationToken).ConfigureAwait(false)
                ?? throw Invariant.Violated("a key whose row was just read is found");
        }

        return keys;
    }

    /// <summary>Gives a key, unwrapping it at first use; <see langword="null"/> when the shard has none of that number.</summary>
    internal async ValueTask<DataKey?> FindAsync(uint number, CancellationToken cancellationToken)
    {
        if (_unwrapped.TryGetValue(number, out var known))
        {
            return known;
        }

        if (!_rows.TryGetValue(number, out var row))
        {
            return null;
        }

        var context = DataKeyRow.Context(_journal.StoreId.Span, _shardBytes, number, row.CreatedAtUnixMillis);
        var secret = await _keyring.UnwrapAsync(row.Wrapped, context, cancellationToken).ConfigureAwait(false);
        try
        {
            Invariant.Holds(secret.Length == DataKey.Size, "a keyring gives back what it wrapped");
            return Keep(new DataKey(number, row.CreatedAtUnixMillis, SecretBytes.CopyOf(secret)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Gives the shard's fence as the journal has it now.</summary>
    internal async ValueTask<Fence> ReadFenceAsync(CancellationToken cancellationToken) =>
        (await _journal.ReadExtentAsync(_shard, cancellationToken).ConfigureAwait(false)).Fence;

    /// <summary>Makes a new current key, durably, when the present one is due. The sealer is then told by
    /// <see cref="ShardSealer.UseDataKey"/>.</summary>
    /// <returns>Whether <see cref="Current"/> is another one now.</returns>
    internal async ValueTask<bool> RotateIfDueAsync(
        Fence fence, long unixMillis, ReadOnlyMemory<byte> entropy, CancellationToken cancellationToken)
    {
        if (unixMillis - Current.CreatedAtUnixMillis < _ageMillisMax)
        {
            return false;
        }

        await CreateAsync(checked(Current.Number + 1), fence, unixMillis, entropy, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Lists rows still sealed under a key older than <paramref name="olderThan"/>, so that the owner can seal them anew
    /// a few at a time and the old key can die. Reads the shard's rows; needs no keys.</summary>
    internal async IAsyncEnumerable<RowKey> ReadRowsUnderOldKeysAsync(
        uint olderThan, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (key, number) in SealedRows.ReadAsync(_journal, _shard, cancellationToken).ConfigureAwait(false))
        {
            if (number < olderThan)
            {
                yield return key;
            }
        }
    }

    /// <summary>Finds what still needs keys older than <paramref name="olderThan"/>. Reads the whole shard, headers only; meant to run
    /// about as often as keys rotate, and only once nothing is sealed under an older key any more. Needs no keys.</summary>
    internal async ValueTask<OldKeyUses> FindOldUsesAsync(uint olderThan, CancellationToken cancellationToken)
    {
        var unused = _numbers.Where(number => number < olderThan).ToHashSet();
        await foreach (var record in _journal.ReadRecordsAsync(_shard, default, cancellationToken).ConfigureAwait(false))
        {
            var fault = StoreFrame.Parse(record.Bytes, out var frame);
            unused.Remove(fault == FrameFault.None
                ? frame.DataKeyNumber
                : throw JournalErrors.Corrupt(_shard, record.Position, fault));   // what it needs cannot be known: keep all keys
        }

        var rows = 0L;
        await foreach (var (_, number) in SealedRows.ReadAsync(_journal, _shard, cancellationToken).ConfigureAwait(false))
        {
            rows += number < olderThan ? 1 : 0;
            unused.Remove(number);
        }

        return new OldKeyUses(rows, [.. unused.Order()]);
    }

    /// <summary>Deletes, durably, each old key under which no record or row of the shard is sealed any more. For an owner who commits
    /// nothing beside it.</summary>
    /// <returns>The numbers deleted.</returns>
    internal async ValueTask<IReadOnlyList<uint>> DeleteUnusedAsync(Fence fence, CancellationToken cancellationToken)
    {
        var unused = (await FindOldUsesAsync(Current.Number, cancellationToken).ConfigureAwait(false)).Unused;
        if (unused.Count > 0)
        {
            await _journal.CommitAsync(
                new JournalCommit { Shard = _shard, Fence = fence, Rows = [.. unused.Select(DeletionOf)] }, cancellationToken)
                .ConfigureAwait(false);
        }

        foreach (var number in unused)
        {
            Forget(number);
        }

        return unused;
    }

    /// <summary>Gives the change that destroys a key.</summary>
    internal static RowChange DeletionOf(uint number) => new(DataKeyRow.KeyOf(number), null);

    public void Dispose()
    {
        foreach (var key in _unwrapped.Values)
        {
            key.Dispose();
        }

        _unwrapped.Clear();
    }

    private async ValueTask EnsureCurrentAsync(
        ShardExtent extent, long unixMillis, ReadOnlyMemory<byte> entropy, CancellationToken cancellationToken)
    {
        if (_rows.Count > 0)
        {
            await RotateIfDueAsync(extent.Fence, unixMillis, entropy, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (extent.End.Value > 0)
        {
            throw JournalErrors.Corrupt(_shard, DataKeyRow.KeyOf(1), FrameFault.DataKeyMissing);
        }

        await CreateAsync(1, extent.Fence, unixMillis, entropy, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask CreateAsync(
        uint number, Fence fence, long unixMillis, ReadOnlyMemory<byte> entropy, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(entropy.Length, DataKey.Size, nameof(entropy));
        var context = DataKeyRow.Context(_journal.StoreId.Span, _shardBytes, number, unixMillis);
        var wrapped = await _keyring.WrapAsync(entropy, context, cancellationToken).ConfigureAwait(false);
        var row = new DataKeyRow(unixMillis, wrapped);
        await _journal.CommitAsync(
            new JournalCommit { Shard = _shard, Fence = fence, Rows = [new(DataKeyRow.KeyOf(number), row.Encode())] },
            cancellationToken).ConfigureAwait(false);

        _rows[number] = row;
        _numbers = [.. _rows.Keys];
        Current = Keep(new DataKey(number, unixMillis, SecretBytes.CopyOf(entropy.Span)));
    }

    private DataKey Keep(DataKey key)
    {
        _unwrapped[key.Number] = key;
        return key;
    }

    /// <summary>Gives up a key whose row is gone.</summary>
    internal void Forget(uint number)
    {
        _rows.Remove(number);
        _numbers = [.. _rows.Keys];
        if (_unwrapped.Remove(number, out var key))
        {
            key.Dispose();
        }
    }
}

/// <summary>What old data keys are still needed for.</summary>
/// <param name="Rows">How many rows are sealed under one.</param>
/// <param name="Unused">The numbers that neither a row nor a record needs, ascending.</param>
internal readonly record struct OldKeyUses(long Rows, IReadOnlyList<uint> Unused);

using System.Collections.Concurrent;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine;

/// <summary>A journal that lives and dies with its process, for tests and for nodes whose state may be lost.</summary>
/// <remarks>Thread-safe; every call completes before it returns. Memory holds all records after the last checkpoint and all rows.</remarks>
public sealed class InMemoryJournal : IJournal
{
    private const int StoreIdSize = 16;

    private readonly byte[] _storeId;
    private readonly ConcurrentDictionary<ShardId, Journal.InMemoryShard> _shards;
    private volatile bool _disposed;

    /// <summary>Makes an empty store with a random id.</summary>
    public InMemoryJournal()
        : this(SystemEntropy.Draw(StoreIdSize), [])
    {
    }

    /// <summary>Makes an empty store.</summary>
    /// <param name="storeId">Its id, exactly 16 bytes.</param>
    public InMemoryJournal(ReadOnlySpan<byte> storeId)
        : this(CheckedStoreId(storeId), [])
    {
    }

    private InMemoryJournal(byte[] storeId, ConcurrentDictionary<ShardId, Journal.InMemoryShard> shards)
    {
        _storeId = storeId;
        _shards = shards;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> StoreId => _storeId;

    /// <inheritdoc/>
    public string Description => "memory of this process; nothing outlives it";

    /// <inheritdoc/>
    public long TailBytes => _shards.Values.Sum(shard => shard.TailBytes);

    /// <summary>Opens the same content again, as a restarted process would open a durable store. Disposes this instance.</summary>
    public InMemoryJournal Reopen()
    {
        _disposed = true;
        return new InMemoryJournal(_storeId, _shards);
    }

    /// <summary>Opens the same content beside this instance, as another node of a cluster opens its store.</summary>
    internal InMemoryJournal Beside() => new(_storeId, _shards);

    /// <inheritdoc/>
    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return new(_shards.GetOrAdd(shard, static id => new(id)).Acquire());
    }

    /// <inheritdoc/>
    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return _shards.GetOrAdd(shard, static id => new(id)).TryAcquire(held, out var extent)
            ? new(extent) : ValueTask.FromException<ShardExtent>(Journal.JournalErrors.Fenced(shard, held, extent.Fence));
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_shards.TryGetValue(commit.Shard, out var shard))
        {
            return ValueTask.FromException(Journal.JournalErrors.Fenced(commit.Shard, commit.Fence, default));
        }

        return shard.Commit(commit, cancellationToken) is { } failure ? ValueTask.FromException(failure) : default;
    }

    /// <inheritdoc/>
    public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return new(_shards.TryGetValue(shard, out var found) ? found.ReadExtent() : default);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return (_shards.TryGetValue(shard, out var found) ? found.ReadRecords(after) : []).ToAsyncEnumerable();
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return new(_shards.TryGetValue(shard, out var found) ? found.ReadRow(key) : null);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return (_shards.TryGetValue(shard, out var found) ? found.ReadRows(kind, prefix) : []).ToAsyncEnumerable();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default)
    {
        CheckOpen(cancellationToken);
        return _shards.Keys.ToAsyncEnumerable();
    }

    /// <summary>Ends this instance; <see cref="Reopen"/> beforehand keeps the content.</summary>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return default;
    }

    private static byte[] CheckedStoreId(ReadOnlySpan<byte> storeId)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(storeId.Length, StoreIdSize, nameof(storeId));
        return storeId.ToArray();
    }

    private void CheckOpen(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
    }
}

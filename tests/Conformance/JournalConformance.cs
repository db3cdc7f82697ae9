using System.Buffers.Binary;
using Kyberium.Engine;

namespace Kyberium.Conformance;

/// <summary>What every <see cref="IJournal"/> must do. An implementation derives one class and says how its stores are made.</summary>
public abstract partial class JournalConformance : IAsyncLifetime
{
    private ConformanceStore _store = null!;

    private protected static ShardId ShardA { get; } = new("default", 3);

    private protected static ShardId ShardB { get; } = new("default", 4);

    protected IJournal Journal { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _store = await CreateStoreAsync();
        Journal = await _store.OpenAsync();
    }

    public async Task DisposeAsync()
    {
        await Journal.DisposeAsync();
        await _store.DisposeAsync();
    }

    protected abstract ValueTask<ConformanceStore> CreateStoreAsync();

    private async Task ReopenAsync()
    {
        await Journal.DisposeAsync();
        Journal = await _store.OpenAsync();
    }

    private static JournalCommit Append(
        ShardId shard, Fence fence, long position, byte[] record, RowChange[]? rows = null, long? truncateThrough = null) => new()
        {
            Shard = shard,
            Fence = fence,
            Position = new LogPosition(position),
            Record = record,
            Rows = rows ?? [],
            TruncateThrough = truncateThrough is { } through ? new LogPosition(through) : null,
        };

    private static JournalCommit RowsOnly(ShardId shard, Fence fence, params RowChange[] rows) =>
        new() { Shard = shard, Fence = fence, Rows = rows };

    private static RowChange Put(RowKind kind, byte[] key, byte[] value) => new(new RowKey(kind, key), value);

    private static RowChange Delete(RowKind kind, byte[] key) => new(new RowKey(kind, key), null);

    /// <summary>Recognisable bytes: the position, then a pattern that depends on it.</summary>
    private static byte[] RecordBytes(long position, int length = 40)
    {
        var bytes = new byte[length];
        for (var i = 8; i < length; i++)
        {
            bytes[i] = (byte)((position * 31) + i);
        }

        BinaryPrimitives.WriteInt64BigEndian(bytes, position);
        return bytes;
    }

    private async Task<Fence> AppendManyAsync(ShardId shard, long count)
    {
        var extent = await Journal.AcquireAsync(shard);
        for (var position = extent.End.Value + 1; position <= extent.End.Value + count; position++)
        {
            await Journal.CommitAsync(Append(shard, extent.Fence, position, RecordBytes(position)));
        }

        return extent.Fence;
    }

    private async Task<List<JournalRecord>> RecordsAsync(ShardId shard, long after = 0) =>
        await Journal.ReadRecordsAsync(shard, new LogPosition(after)).ToListAsync();

    private async Task<List<(string Key, string Value)>> RowsAsync(ShardId shard, RowKind kind, params byte[] prefix) =>
        await Journal.ReadRowsAsync(shard, kind, prefix)
            .Select(row => (Convert.ToHexString(row.Key.Key.Span), Convert.ToHexString(row.Value.Span)))
            .ToListAsync();

    private async Task<string?> RowAsync(ShardId shard, RowKind kind, byte[] key) =>
        await Journal.ReadRowAsync(shard, new RowKey(kind, key)) is { } value ? Convert.ToHexString(value.Span) : null;

    private async Task AssertRecordsAsync(ShardId shard, long first, long last)
    {
        var records = await RecordsAsync(shard);
        Assert.Equal(Enumerable.Range(0, (int)(last - first + 1)).Select(i => first + i), records.Select(r => r.Position.Value));
        Assert.All(records, record => Assert.Equal(
            RecordBytes(record.Position.Value, record.Bytes.Length), record.Bytes.ToArray()));
    }

    private static async Task<EngineException> FailsAsync(EngineErrorCode code, Func<ValueTask> act)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(async () => await act());
        Assert.Equal(code, failure.Code);
        return failure;
    }
}

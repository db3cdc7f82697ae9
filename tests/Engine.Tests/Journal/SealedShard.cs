using System.Text;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Journal;

/// <summary>A shard in memory with its keys and one tenure, for tests of what lies at rest.</summary>
internal sealed class SealedShard : IAsyncDisposable
{
    internal const long Now = 1_700_000_000_000;

    internal static readonly TimeSpan KeyAge = TimeSpan.FromHours(24);
    internal static readonly ShardId Id = new("default", 7);
    internal static readonly byte[] StoreId = [.. Enumerable.Range(0xa0, 16).Select(i => (byte)i)];

    internal required IJournal Journal { get; init; }

    internal required DataKeys Keys { get; init; }

    internal required ShardExtent Extent { get; init; }

    internal required ShardSealer Sealer { get; init; }

    internal static async Task<SealedShard> StartAsync(IJournal? journal = null, IKeyring? keyring = null, byte tenure = 0x11)
    {
        journal ??= new InMemoryJournal(StoreId);
        var extent = await journal.AcquireAsync(Id);
        var keys = await DataKeys.OpenAsync(
            journal, keyring ?? new TestKeyring(1), Id, extent, KeyAge, Now, Enumerable.Repeat((byte)0x5a, 32).ToArray(), default);
        byte[] lastTag;
        using (var opener = new ShardOpener(journal.StoreId, Id, extent, keys))
        {
            await foreach (var record in journal.ReadRecordsAsync(Id, extent.TruncatedThrough))
            {
                await opener.OpenRecordAsync(record, default);
            }

            lastTag = opener.LastTag.ToArray();
        }

        return new SealedShard
        {
            Journal = journal,
            Keys = keys,
            Extent = extent,
            Sealer = new ShardSealer(journal.StoreId, Id, extent, keys.Current, [.. Enumerable.Repeat(tenure, 32)], lastTag),
        };
    }

    internal async Task AppendAsync(string text, params RowChange[] rows)
    {
        var position = Sealer.End.Next;
        await Journal.CommitAsync(new JournalCommit
        {
            Shard = Id,
            Fence = Extent.Fence,
            Position = position,
            Record = Sealer.SealRecord(position, Encoding.UTF8.GetBytes(text), Now + position.Value),
            Rows = rows,
        });
    }

    internal RowChange SealRow(RowKind kind, byte key, string text) =>
        new(new RowKey(kind, new[] { key }), Sealer.SealRow(new RowKey(kind, new[] { key }), Encoding.UTF8.GetBytes(text), Now));

    internal ShardOpener NewOpener(ShardId? shard = null, byte[]? storeId = null, Fence? fenceMax = null) =>
        new(storeId ?? Journal.StoreId, shard ?? Id, Extent with { Fence = fenceMax ?? Extent.Fence }, Keys);

    internal async Task<List<JournalRecord>> RecordsAsync() => await Journal.ReadRecordsAsync(Id, default).ToListAsync();

    public async ValueTask DisposeAsync()
    {
        Sealer.Dispose();
        Keys.Dispose();
        await Journal.DisposeAsync();
    }
}

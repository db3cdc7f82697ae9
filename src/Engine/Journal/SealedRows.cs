using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Journal;

/// <summary>Walks a shard's sealed rows by their headers.</summary>
internal static class SealedRows
{
    /// <summary>Gets the kinds whose rows are frames: all but the data keys themselves.</summary>
    internal static IReadOnlyList<RowKind> Kinds { get; } =
        [.. Enum.GetValues<RowKind>().Where(kind => kind != RowKind.DataKey)];

    /// <summary>Reads each sealed row's key and the number of the data key it is sealed under.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JournalCorrupt"/>: a row is damaged.</exception>
    internal static async IAsyncEnumerable<(RowKey Key, uint DataKeyNumber)> ReadAsync(
        IJournal journal, ShardId shard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var kind in Kinds)
        {
            await foreach (var row in journal.ReadRowsAsync(shard, kind, default, cancellationToken).ConfigureAwait(false))
            {
                var fault = StoreFrame.Parse(row.Value, out var frame);
                yield return fault == FrameFault.None
                    ? (row.Key, frame.DataKeyNumber)
                    : throw JournalErrors.Corrupt(shard, row.Key, fault);
            }
        }
    }
}

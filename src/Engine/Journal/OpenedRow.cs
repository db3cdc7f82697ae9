using System.Security.Cryptography;

namespace Kyberium.Engine.Journal;

/// <summary>A row's content on its way to being sealed anew; zeroed when disposed.</summary>
internal sealed class OpenedRow(RowKey key, byte[] plaintext) : IDisposable
{
    internal RowKey Key => key;

    internal ReadOnlySpan<byte> Plaintext => plaintext;

    /// <summary>Reads and opens those of the rows that still stand under an old data key.</summary>
    /// <param name="journal">Where they lie.</param>
    /// <param name="shard">Whose they are.</param>
    /// <param name="opener">The shard's; used until this completes.</param>
    /// <param name="keys">Which to read; taken from the front until <paramref name="bytesMax"/> is passed.</param>
    /// <param name="olderThan">The data key they should stand under.</param>
    /// <param name="bytesMax">When to stop.</param>
    /// <param name="cancellationToken">Cancels waiting.</param>
    /// <returns>The rows, and how many keys are done with: at least one.</returns>
    internal static async Task<(List<OpenedRow> Rows, int Done)> ReadAsync(
        IJournal journal, ShardId shard, ShardOpener opener, IReadOnlyList<RowKey> keys, uint olderThan, long bytesMax,
        CancellationToken cancellationToken)
    {
        var rows = new List<OpenedRow>();
        try
        {
            var done = 0;
            for (var bytes = 0L; done < keys.Count && bytes < bytesMax; done++)
            {
                if (await journal.ReadRowAsync(shard, keys[done], cancellationToken).ConfigureAwait(false) is not { } value)
                {
                    continue;       // deleted meanwhile
                }

                var fault = StoreFrame.Parse(value, out var frame);
                if (fault == FrameFault.None && frame.DataKeyNumber >= olderThan)
                {
                    continue;       // written meanwhile
                }

                var plaintext = await opener.OpenRowAsync(new JournalRow(keys[done], value), cancellationToken).ConfigureAwait(false);
                rows.Add(new OpenedRow(keys[done], plaintext.ToArray()));
                bytes += value.Length;
            }

            return (rows, done);
        }
        catch
        {
            rows.ForEach(row => row.Dispose());
            throw;
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(plaintext);
}

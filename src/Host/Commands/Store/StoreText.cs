using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Store;

/// <summary>How a store looks to people.</summary>
internal static class StoreText
{
    /// <summary>Its data key and its own row: not worth a line in a list of 64 shards.</summary>
    private const int RowsOfAnEmptyShard = 2;

    internal static void Write(TextWriter output, StoreDocument store)
    {
        output.WriteLine($"journal  {store.Journal}");
        output.WriteLine($"store    {store.StoreId}, {store.Shards.Count} shards, tail of {store.TailBytes:N0} bytes");
        foreach (var shard in store.Shards.Where(shard => shard.End > 0 || shard.Rows.Values.Sum() > RowsOfAnEmptyShard))
        {
            var rows = string.Join(", ", shard.Rows.Select(row => $"{row.Value} {row.Key}"));
            output.WriteLine($"  {shard.Shard,-14} fence {shard.Fence}, records {shard.TruncatedThrough + 1}..{shard.End}, rows: {rows}");
        }

        if (store.Verification is { } verification)
        {
            output.WriteLine(
                $"verified {(verification.WithKeys ? "with keys" : "without keys: content was not opened")}: {verification.RecordCount} records, "
                + $"{verification.RowCount} rows, {(verification.Findings.Count == 0 ? "sound" : $"{verification.Findings.Count} bad")}");
            foreach (var finding in verification.Findings)
            {
                output.WriteLine($"  {finding}");
            }
        }
    }
}

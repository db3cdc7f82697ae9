using Kyberium.Engine;
using Kyberium.Engine.Journal;
using Kyberium.Engine.Sqlite;
using Kyberium.Host.Configuration;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>Looks at a store without changing what it says.</summary>
internal static class StoreInspection
{
    /// <summary>Describes every shard, and verifies when there is a <paramref name="verification"/> to add.</summary>
    internal static async Task<StoreDocument> DescribeAsync(
        IJournal journal, VerificationDocument? verification, CancellationToken cancellationToken)
    {
        var shards = await ListShardsAsync(journal, countsRows: true, cancellationToken);
        return new StoreDocument(
            journal.Description, Convert.ToHexStringLower(journal.StoreId.Span), journal.TailBytes, shards, verification);
    }

    /// <summary>Lists the shards of a store, in order.</summary>
    /// <param name="countsRows">Whether to count their rows, which reads every one of them.</param>
    internal static async Task<IReadOnlyList<ShardDocument>> ListShardsAsync(IJournal journal, bool countsRows, CancellationToken cancellationToken)
    {
        var shards = new List<ShardDocument>();
        var all = await journal.ReadShardsAsync(cancellationToken).ToListAsync(cancellationToken);
        foreach (var shard in all.OrderBy(shard => shard.Group, StringComparer.Ordinal).ThenBy(shard => shard.Number))
        {
            var extent = await journal.ReadExtentAsync(shard, cancellationToken);
            shards.Add(new ShardDocument(
                shard.ToString(), extent.Fence.Value, extent.TruncatedThrough.Value, extent.End.Value,
                countsRows ? await CountRowsAsync(journal, shard, cancellationToken) : new Dictionary<string, long>()));
        }

        return shards;
    }

    /// <summary>Opens a stopped node's store, describes it and verifies it if asked.</summary>
    internal static async Task<StoreDocument> OpenAsync(NodeConfiguration configuration, bool verify, CancellationToken cancellationToken)
    {
        await using var journal = await SqliteJournal.OpenAsync(
            new SqliteJournalOptions { DataDirectory = configuration.DataDirectory, ReadsDamagedShards = true }, cancellationToken);
        var verification = verify ? await VerifyAsync(journal, configuration, cancellationToken) : null;
        return await DescribeAsync(journal, verification, cancellationToken);
    }

    /// <summary>Verifies a copy of a store that is in use, since its owner would change it under the verifier's eyes.</summary>
    internal static async Task<StoreDocument> VerifyCopyAsync(
        SqliteJournal journal, NodeConfiguration configuration, CancellationToken cancellationToken)
    {
        var scratch = Directory.CreateDirectory(
            Path.Combine(configuration.DataDirectory, $"verify-{Guid.NewGuid():n}"), OwnerOnly);
        try
        {
            await journal.BackupToAsync(Path.Combine(scratch.FullName, "journal.db"), cancellationToken);
            await using var copy = await SqliteJournal.OpenAsync(
                new SqliteJournalOptions { DataDirectory = scratch.FullName, ReadsDamagedShards = true }, cancellationToken);
            var verification = await VerifyAsync(copy, configuration, cancellationToken);
            var described = await DescribeAsync(copy, verification, cancellationToken);
            return described with { Journal = journal.Description };
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static async Task<VerificationDocument> VerifyAsync(
        SqliteJournal journal, NodeConfiguration configuration, CancellationToken cancellationToken)
    {
        await using var keyring = configuration.Engine.Keyring.Path.Length == 0
            ? null
            : await KeyringAccess.OpenAsync(configuration, cancellationToken);
        var damage = await journal.CheckIntegrityAsync(cancellationToken);
        var report = await new JournalVerifier(journal, keyring).VerifyAsync(cancellationToken);
        return new VerificationDocument(
            keyring is not null, report.RecordCount, report.RowCount,
            [.. damage.Select(line => $"file: {line}"), .. report.Findings.Select(finding => finding.ToString())]);
    }

    private static async Task<IReadOnlyDictionary<string, long>> CountRowsAsync(
        IJournal journal, ShardId shard, CancellationToken cancellationToken)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var kind in Enum.GetValues<RowKind>())
        {
            var count = 0L;
            await foreach (var _ in journal.ReadRowsAsync(shard, kind, default, cancellationToken))
            {
                count++;
            }

            if (count > 0)
            {
                counts[System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString())] = count;
            }
        }

        return counts;
    }
}

using System.Runtime.CompilerServices;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>journal</c>: the store of this node.</summary>
internal sealed class JournalPalette(Node node)
{
    internal PbmPalette Make() => new("journal", "Looks at the store, checks it, and copies it.",
    [
        new PbmCommand
        {
            Name = "verify", Description = "Checks every record and row of a copy of the store, with the keys; names what is bad.", Items = "results", Run = VerifyAsync,
        },
        new PbmCommand
        {
            Name = "checkpoint", Description = "Writes a checkpoint of every shard, so that a recovery reads less.", Items = "checkpoints", Changes = true,
            Run = PbmCommand.One(async (call, stop) =>
            {
                await NodeOperations.Checkpoint.RunAsync(node, Nothing.Instance, call.Caller, stop);
                return PbmItem.Card(("checkpoint", "written"));
            }),
        },
        new PbmCommand
        {
            Name = "stats", Description = "Lists shards: fence, position truncated through, last position, rows.", Items = "shards", Run = StatsAsync,
        },
        new PbmCommand
        {
            Name = "backup", Description = "Writes a copy of the store to a file on the node's machine that does not exist yet.", Items = "backups", Changes = true,
            Switches = [new PbmSwitch("path", PbmSwitchType.Text, "The file's absolute path, on the node's machine.", 'f', Required: true)],
            Run = PbmCommand.One(BackupAsync),
        },
    ]);

    private async IAsyncEnumerable<PbmItem> VerifyAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var found = (await node.InspectAsync(new InspectionRequest(Verify: true), cancellationToken)).Verification!;
        yield return PbmItem.Card(("withKeys", found.WithKeys), ("records", found.RecordCount), ("rows", found.RowCount), ("findings", found.Findings.Count));
        foreach (var finding in found.Findings)
        {
            yield return PbmItem.Row(("finding", finding));
        }

        if (found.Findings.Count > 0)
        {
            throw HostErrors.StoreUnsound(found.Findings.Count);
        }
    }

    private async IAsyncEnumerable<PbmItem> StatsAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var shard in (await node.InspectAsync(new InspectionRequest(Verify: false), cancellationToken)).Shards)
        {
            yield return PbmItem.Row(
                ("shard", shard.Shard), ("fence", shard.Fence), ("truncatedThrough", shard.TruncatedThrough), ("end", shard.End), ("rows", shard.Rows.Values.Sum()));
        }
    }

    private async Task<PbmItem> BackupAsync(PbmCall call, CancellationToken cancellationToken)
    {
        var path = call.RequiredText("path");
        if (!Path.IsPathFullyQualified(path))
        {
            throw HostErrors.Invalid($"'{path}' is no absolute path; whose folder it would begin in, only the node knows");
        }

        var written = await NodeOperations.Backup.RunAsync(node, new BackupRequest(path), call.Caller, cancellationToken);
        return PbmItem.Card(("path", written.Path), ("bytes", written.Bytes));
    }
}

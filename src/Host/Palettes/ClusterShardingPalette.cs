using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary><c>cluster-sharding</c>: the shards that this process runs, and in a cluster who runs the others. A region is a group of shards.</summary>
internal sealed class ClusterShardingPalette(Node node, IReadOnlyList<PbmCommand> ofCluster)
{
    internal PbmPalette Make() => new("cluster-sharding", "Looks at the shards of this process.",
    [
        .. ofCluster,
        new PbmCommand
        {
            Name = "regions", Description = "Lists regions: name, shards in the store, shards that run here, peers in memory.", Items = "regions", Run = RegionsAsync,
        },
        new PbmCommand
        {
            Name = "region-stats", Description = "Lists the shards of a region that run here: peers in memory, work that waits, batches performed.", Items = "shards",
            Switches = [new PbmSwitch("region", PbmSwitchType.Text, "The region's name, as 'regions' lists it.", 'r', Required: true)],
            Run = StatsAsync,
        },
        new PbmCommand { Name = "shards", Description = "Lists shards of the store: shard, state, fence, last position.", Items = "shards", Run = ShardsAsync },
    ]);

    private async IAsyncEnumerable<PbmItem> RegionsAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var region in (await StoredAsync(cancellationToken)).GroupBy(shard => GroupOf(shard.Shard)))
        {
            var running = node.Engine.RunningShards.Where(shard => shard.Id.Group == region.Key).ToList();
            var runningCount = region.Key == ShardId.Directory.Group ? node.Engine.OwnsDirectory ? 1 : 0 : running.Count;
            yield return PbmItem.Row(
                ("region", region.Key), ("shards", region.Count()), ("running", runningCount), ("residentPeers", running.Sum(shard => shard.ResidentCount)));
        }
    }

    private async IAsyncEnumerable<PbmItem> StatsAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var region = call.RequiredText("region");
        if ((await StoredAsync(cancellationToken)).All(shard => GroupOf(shard.Shard) != region))
        {
            throw HostErrors.Invalid($"there is no region '{region}'; see 'cluster-sharding regions'");
        }

        foreach (var shard in node.Engine.RunningShards.Where(shard => shard.Id.Group == region).OrderBy(shard => shard.Number))
        {
            yield return PbmItem.Row(
                ("shard", shard.Id.ToString()), ("residentPeers", shard.ResidentCount), ("mailbox", shard.MailboxCount), ("commits", shard.Metrics.Commits));
        }
    }

    private async IAsyncEnumerable<PbmItem> ShardsAsync(PbmCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var running = node.Engine.RunningShards.Select(shard => shard.Id.ToString()).ToHashSet(StringComparer.Ordinal);
        if (node.Engine.OwnsDirectory)
        {
            running.Add(ShardId.Directory.ToString());
        }

        foreach (var shard in await StoredAsync(cancellationToken))
        {
            yield return PbmItem.Row(
                ("shard", shard.Shard), ("state", running.Contains(shard.Shard) ? "running" : ofCluster.Count > 0 ? "elsewhere" : "down"), ("fence", shard.Fence), ("end", shard.End));
        }
    }

    private Task<IReadOnlyList<ShardDocument>> StoredAsync(CancellationToken cancellationToken) => node.ListShardsAsync(cancellationToken);

    private static string GroupOf(string shard) => shard[..shard.LastIndexOf('/')];
}

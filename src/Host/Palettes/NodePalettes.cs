using Kyberium.Engine;
using Kyberium.Engine.PostgreSql;
using Kyberium.Host.Configuration;
using Kyberium.Host.Nodes;
using Kyberium.Host.Running;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Host.Palettes;

/// <summary>What a node offers to pbm. Every command stands on a node operation, as those of the control socket do.</summary>
internal static class NodePalettes
{
    /// <param name="cluster">The cluster that the node is of; <see langword="null"/>: none.</param>
    internal static IReadOnlyList<PbmPalette> Of(Node node, NodeConfiguration configuration, LogTail logs, StopRequest stop, PostgreSqlCluster? cluster) =>
    [
        new SessionPalette(node).Make(),
        new NodePalette(node, logs, stop).Make(),
        new JournalPalette(node).Make(),
        new ActorPalette(node, configuration.Engine.Shard.Count).Make(),
        new ClusterShardingPalette(node, cluster is null ? [] : ClusterCommands.Make(cluster)).Make(),
        .. cluster is null ? Array.Empty<PbmPalette>() : [new ClusterPalette(cluster, new NodeId(configuration.Host.Cluster.Node)).Make()],
    ];
}

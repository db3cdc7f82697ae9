namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>What a node is told that cannot have what it asked for.</summary>
internal static class ClusterErrors
{
    internal static EngineException OtherName(string where, string asked) => new(EngineErrorCode.ClusterRefused,
        $"the cluster at {where} is not named '{asked}': correct the name, or name another schema");

    internal static EngineException OtherGroups(string where) => new(EngineErrorCode.ClusterRefused,
        $"the cluster at {where} has other shard groups, counts or roles than this node: give it those of the other nodes");

    internal static EngineException NameInUse(NodeId node) => new(EngineErrorCode.ClusterRefused,
        $"a node named {node} lives and renews its lease: end it, or give this one another name");

    internal static EngineException LeaseLost(NodeId node) => new(EngineErrorCode.LeaseLost,
        $"node {node} has no lease: it stops its shards and joins again by itself; repeat the call");

    internal static EngineException Elsewhere(ShardId shard, NodeId node) => new(EngineErrorCode.ShardElsewhere,
        $"shard {shard} is another node's, or not planned for {node}: wait for the order to acquire it");

    internal static EngineException NeedsPlacement(ShardId shard) => new(EngineErrorCode.ClusterRefused,
        $"shard {shard} is in a store whose cluster has live nodes: open the journal with their placement, or stop all nodes first");
}

namespace Kyberium.Engine;

/// <summary>What makes an engine a node of a cluster.</summary>
/// <param name="Placement">Orders shards here and knows who has the others. It places the group <see cref="ShardId.DefaultGroup"/>, as many shards as
/// <see cref="ShardOptions.Count"/> says, and the one shard of <see cref="ShardId.Directory"/>.</param>
/// <param name="Links">Reaches the other nodes.</param>
/// <remarks>The engine owns both from the moment they are made, and disposes them: links first.</remarks>
public sealed record ClusterParts(IPlacement Placement, INodeLinks Links);

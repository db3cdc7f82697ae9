namespace Kyberium.Engine;

/// <summary>Everything a plan is made from. The order of the lists does not matter; a name or shard that stands twice in one is the caller's bug.</summary>
public sealed record PlacementFacts
{
    /// <summary>Gets the members of the cluster.</summary>
    public required IReadOnlyCollection<ClusterMember> Members { get; init; }

    /// <summary>Gets the groups whose shards are to be placed.</summary>
    public required IReadOnlyCollection<ShardGroup> Groups { get; init; }

    /// <summary>Gets the shards that have an owner, or had one planned. Others of the groups have neither.</summary>
    public IReadOnlyCollection<PlacedShard> Shards { get; init; } = [];

    /// <summary>Gets what operators asked for and have not withdrawn.</summary>
    public IReadOnlyCollection<PlacementWish> Wishes { get; init; } = [];

    /// <summary>Gets what shards weigh, where it is known: 0 or more. Others count as the average of those known.</summary>
    public IReadOnlyDictionary<ShardId, double> Loads { get; init; } = new Dictionary<ShardId, double>();

    /// <summary>Gets how many shards may be on their way from one owner to another at once: 1 or more. Shards without an owner are given out
    /// all at once.</summary>
    public int MovesMax { get; init; } = 8;
}

/// <summary>Where a shard is.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Owner">Who has it; <see langword="null"/> when it was released or never acquired.</param>
/// <param name="Fence">The highest fence given out for it.</param>
/// <param name="Planned">Who was to have it by the plan before, so that a move that is under way is not called off without need.</param>
public sealed record PlacedShard(ShardId Shard, NodeId? Owner, Fence Fence, NodeId? Planned = null);

/// <summary>What an operator asked for. It holds until it is withdrawn.</summary>
/// <param name="Id">Its number: of two that contradict each other the higher one holds.</param>
/// <param name="Node">The node it speaks of.</param>
public abstract record PlacementWish(long Id, NodeId Node)
{
    /// <summary>A shard shall be on a node and stay there.</summary>
    /// <param name="Id">Its number.</param>
    /// <param name="Shard">The shard.</param>
    /// <param name="Node">Where it shall be.</param>
    public sealed record Move(long Id, ShardId Shard, NodeId Node) : PlacementWish(Id, Node);

    /// <summary>A node shall have no shards, and stays a member.</summary>
    /// <param name="Id">Its number.</param>
    /// <param name="Node">The node.</param>
    public sealed record Drain(long Id, NodeId Node) : PlacementWish(Id, Node);
}

namespace Kyberium.Engine;

/// <summary>Who shall own which shard now, and what is still to come.</summary>
public sealed record PlacementPlan
{
    /// <summary>Gets every shard of every group, by group and number.</summary>
    public required IReadOnlyList<PlannedShard> Shards { get; init; }

    /// <summary>Gets how many shards shall leave their owner by this plan.</summary>
    public required int MoveCount { get; init; }

    /// <summary>Gets how many more will, once those have moved.</summary>
    public required int WaitingCount { get; init; }

    /// <summary>Gets what becomes of each wish, by its number.</summary>
    public required IReadOnlyList<WishOutcome> Wishes { get; init; }
}

/// <summary>What is planned for a shard.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Step">What happens to it.</param>
/// <param name="Node">Who shall have it; <see langword="null"/> when nobody may.</param>
/// <param name="From">Who has it; <see langword="null"/> when nobody has.</param>
/// <param name="Fence">The highest fence given out for it when the plan was made.</param>
public sealed record PlannedShard(ShardId Shard, PlannedStep Step, NodeId? Node, NodeId? From, Fence Fence);

/// <summary>What happens to a shard.</summary>
public enum PlannedStep
{
    /// <summary>It stays with its owner.</summary>
    Stays = 1,

    /// <summary>It has no owner and gets one.</summary>
    Assigned = 2,

    /// <summary>Its owner hands it to another.</summary>
    Moves = 3,

    /// <summary>It stays until moves before it are done.</summary>
    Waits = 4,

    /// <summary>No member may have it: none is up, or none has the group's role. An owner it still has gives it up.</summary>
    Unplaceable = 5,
}

/// <summary>What becomes of a wish.</summary>
/// <param name="Wish">The wish.</param>
/// <param name="Code">How far it is, or why it cannot be.</param>
/// <param name="Reason">The same for people.</param>
public sealed record WishOutcome(PlacementWish Wish, WishCode Code, string Reason);

/// <summary>How far a wish is, or why it cannot be. Numbers from 10 on: it cannot be as things are.</summary>
public enum WishCode
{
    /// <summary>It is so.</summary>
    Fulfilled = 1,

    /// <summary>Shards are on their way, or wait for their turn.</summary>
    UnderWay = 2,

    /// <summary>No member has the name.</summary>
    NodeUnknown = 10,

    /// <summary>The node is joining, leaving, out of reach or down.</summary>
    NodeNotUp = 11,

    /// <summary>The shard's group is pinned to a role that the node does not have.</summary>
    RoleMissing = 12,

    /// <summary>No group has such a shard.</summary>
    ShardUnknown = 13,

    /// <summary>Another wish drains the node.</summary>
    NodeDrained = 14,

    /// <summary>A later wish says something else of the same shard.</summary>
    Superseded = 15,

    /// <summary>No other member could take what the node has: it keeps it.</summary>
    NobodyElse = 16,
}

namespace Kyberium.Engine;

/// <summary>Where a node stands with its cluster.</summary>
/// <remarks>
/// <code>
///  joining ──▶ up ──▶ leaving ──▶ down
///              │ ▲        │
///   renewal late ▼│ renewed│ lease over
///          unreachable ──▶ down      (down is final: who comes back joins anew)
/// </code>
/// </remarks>
public enum MemberState
{
    /// <summary>Known and not yet counted: it gets no shard.</summary>
    Joining = 1,

    /// <summary>Serves, and gets shards.</summary>
    Up = 2,

    /// <summary>Serves what it still has, gets nothing, and gives its shards up a few at a time.</summary>
    Leaving = 3,

    /// <summary>Has not renewed in time, but its lease may still hold: it keeps its shards and gets none.</summary>
    Unreachable = 4,

    /// <summary>Its lease is over, or it has left: its shards are free.</summary>
    Down = 5,
}

/// <summary>One life of a node in its cluster.</summary>
/// <param name="Node">Its name.</param>
/// <param name="State">Where it stands.</param>
public sealed record ClusterMember(NodeId Node, MemberState State)
{
    /// <summary>The largest weight.</summary>
    public const int WeightMax = 1_000;

    /// <summary>Gets where other nodes reach it, e.g. <c>https://host:port</c>; empty when it takes no calls.</summary>
    public string Address { get; init; } = "";

    /// <summary>Gets what it may run: shard groups that are pinned to a role go only to nodes that have it.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Gets how much of the load it takes beside others. Default 100; 1 to <see cref="WeightMax"/>.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Gets the version of its program.</summary>
    public Version Version { get; init; } = new(0, 0);

    /// <summary>Gets the number of this life: it rises each time a node joins.</summary>
    public long Incarnation { get; init; }
}

/// <summary>Shards that are numbered and placed together.</summary>
/// <param name="Name">The group's name, as in <see cref="ShardId.Group"/>.</param>
/// <param name="Count">How many shards it has, fixed when the store is made: 1 to 65,536.</param>
/// <param name="Role">The role a node needs to own one of them; <see langword="null"/> when every node may.</param>
public sealed record ShardGroup(string Name, int Count, string? Role = null)
{
    /// <summary>The largest count.</summary>
    public const int CountMax = 65_536;
}

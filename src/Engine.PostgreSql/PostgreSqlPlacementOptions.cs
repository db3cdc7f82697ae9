using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Which cluster a <see cref="PostgreSqlPlacement"/> joins, and as what.</summary>
public sealed class PostgreSqlPlacementOptions : PostgreSqlClusterOptions
{
    /// <summary>Gets or sets the cluster's name. The first node gives it; who says another is refused.</summary>
    public required string ClusterName { get; init; }

    /// <summary>Gets or sets this node's name, its own in the cluster.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Gets or sets the groups of shards. The first node fixes them; who says others is refused.</summary>
    public required IReadOnlyList<ShardGroup> Groups { get; init; }

    /// <summary>Gets or sets where other nodes reach this one. Default: nowhere.</summary>
    public string Address { get; init; } = "";

    /// <summary>Gets or sets the roles it has. Default: none.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Gets or sets how much of the load it takes beside others. Default 100; 1 to 1,000.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Gets or sets the version of its program. Default: this library's.</summary>
    public Version Version { get; init; } = typeof(PostgreSqlPlacementOptions).Assembly.GetName().Version!;

    /// <summary>Gets or sets how long a lease is. The first node fixes it. Default 5 s; 1 s to 10 min.</summary>
    public TimeSpan LeaseLength { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how often plan and owners are looked at when nobody says that they have changed. Default 1 s; 50 ms to 1 min.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets whether the node listens for word of changes, in a connection of its own. Behind a pooler in transaction mode: no.
    /// Default: yes.</summary>
    public bool Listens { get; init; } = true;

    /// <summary>Gets or sets how long joining waits for a database that is away before it fails with <see cref="EngineErrorCode.JournalUnavailable"/>.
    /// Default 0; at most 1 h.</summary>
    public TimeSpan OutageMax { get; init; }

    /// <summary>Gets or sets how gladly the node allocates: one with a higher number takes it over. Default 0; -1 never does.</summary>
    public int AllocatorPriority { get; init; }

    /// <summary>Gets or sets how many shards may move at once when this node allocates. Default 8; 1 to 65,536.</summary>
    public int MovesMax { get; init; } = 8;

    /// <summary>Gets or sets where log messages go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Gets or sets what is called after each look at plan and owners. Only tests wait for it.</summary>
    internal Action? Looked { get; init; }

    /// <summary>Gets or sets what is called each time there is nothing to do about the lease for a while. Only tests wait for it.</summary>
    internal Action? Rested { get; init; }

    internal override NpgsqlConnectionStringBuilder Check()
    {
        Require(PeerId.TryParse(ClusterName, out _), $"the cluster's name is '{ClusterName}'; allowed are 1 to 128 of A-Z a-z 0-9 . _ : -");
        Require(Node != default, "the node has no name");
        Require(Groups.Count > 0, "there are no shard groups");
        Require(Groups.All(static group => group.Count is >= 1 and <= ShardGroup.CountMax), $"a group's count is not 1 to {ShardGroup.CountMax}");
        Require(Groups.DistinctBy(static group => group.Name, StringComparer.Ordinal).Count() == Groups.Count, "a group is named twice");
        Require(Weight is >= 1 and <= ClusterMember.WeightMax, $"the weight is {Weight}; allowed are 1 to {ClusterMember.WeightMax}");
        Require(LeaseLength >= TimeSpan.FromSeconds(1) && LeaseLength <= TimeSpan.FromMinutes(10), $"the lease is {LeaseLength}; allowed are 1 s to 10 min");
        Require(PollInterval >= TimeSpan.FromMilliseconds(50) && PollInterval <= TimeSpan.FromMinutes(1), $"PollInterval is {PollInterval}; allowed are 50 ms to 1 min");
        Require(OutageMax >= TimeSpan.Zero && OutageMax <= TimeSpan.FromHours(1), $"OutageMax is {OutageMax}; allowed are 0 to 1 h");
        Require(AllocatorPriority >= -1, $"AllocatorPriority is {AllocatorPriority}; allowed are -1 and more");
        Require(MovesMax is >= 1 and <= ShardGroup.CountMax, $"MovesMax is {MovesMax}; allowed are 1 to {ShardGroup.CountMax}");
        var connect = base.Check();

        // A call that hangs leaves time for another before the lease is over.
        connect.Timeout = connect.CommandTimeout = (int)Math.Clamp(LeaseLength.TotalSeconds / 4, 1, 10);
        connect.CancellationTimeout = -1;
        return connect;
    }
}

using System.Net;
using Kyberium.Engine.PostgreSql;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Cluster;

/// <summary>Which cluster an engine is a node of, and as what.</summary>
public sealed class ClusterNodeOptions
{
    /// <summary>Gets or sets the cluster's name. Required.</summary>
    public required ClusterName Cluster { get; init; }

    /// <summary>Gets or sets this node's name, its own in the cluster. Required.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Gets or sets where the node listens for the others; port 0 takes a free one. Required.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Gets or sets by which host name or address the others reach it. Default: the address it listens at, which must not stand for all of a
    /// machine's then.</summary>
    public string Host { get; init; } = "";

    /// <summary>Gets or sets the Lighthouses' addresses, <c>host:port</c>; they are tried in this order. Not needed with an <see cref="Identity"/>.</summary>
    public IReadOnlyList<string> Lighthouses { get; init; } = [];

    /// <summary>Gets or sets the token that <c>lighthouse token create</c> printed; secret. Needed until the node has joined once.</summary>
    public string Token { get; init; } = "";

    /// <summary>Gets or sets the file that keeps the node's certificate and key and what a Lighthouse told it, mode 0600; made when the node joins, replaced
    /// when its certificate is renewed. Required with <see cref="Lighthouses"/>.</summary>
    public string StateFile { get; init; } = "";

    /// <summary>Gets or sets certificate and roots that come from elsewhere than a Lighthouse; whoever gives them renews them.</summary>
    public ClusterIdentity? Identity { get; init; }

    /// <summary>Gets or sets the connection string of the cluster's database, as Npgsql takes it; secret. Default: what the Lighthouse says.</summary>
    public string Database { get; init; } = "";

    /// <summary>Gets or sets the schema of members, leases and journal. Default <c>kyberium</c>.</summary>
    public string Schema { get; init; } = "kyberium";

    /// <summary>Gets or sets the roles this node has. Default: none.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Gets or sets how much of the load it takes beside others. Default 100; 1 to 1,000.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Gets or sets how long a lease is. The first node of a cluster fixes it. Default 5 s; 1 s to 10 min.</summary>
    public TimeSpan LeaseLength { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long the node waits for a database that is away, at its start and when it commits. Default 60 s; 0 to 1 h.</summary>
    public TimeSpan OutageMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets whether the node listens for word of changes in the database. Behind a pooler in transaction mode: no. Default: yes.</summary>
    public bool Listens { get; init; } = true;

    /// <summary>Gets or sets how requests to other nodes wait.</summary>
    public ClusterLinkOptions Links { get; init; } = new();

    /// <summary>Gets or sets where log messages go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Gets or sets the clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gets or sets who is told which database the cluster is in, once that is known.</summary>
    internal Action<string>? DatabaseFound { get; init; }

    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    internal void Check()
    {
        if (Cluster.Value.Length == 0 || Node.Value.Length == 0)
        {
            throw LinkErrors.OptionInvalid(Cluster.Value.Length == 0 ? nameof(Cluster) : nameof(Node), "", "a name");
        }

        ArgumentNullException.ThrowIfNull(Listen);
        if (Host.Length == 0 && (Listen.Address.Equals(IPAddress.Any) || Listen.Address.Equals(IPAddress.IPv6Any)))
        {
            throw LinkErrors.OptionInvalid(nameof(Host), "", "the name or address by which other nodes reach this one, since it listens at all addresses");
        }

        if (Identity is null && (Lighthouses.Count == 0 || StateFile.Length == 0))
        {
            throw LinkErrors.OptionInvalid(
                Lighthouses.Count == 0 ? nameof(Lighthouses) : nameof(StateFile), "", "given, unless an Identity comes from elsewhere");
        }

        if (Identity is not null && Database.Length == 0)
        {
            throw LinkErrors.OptionInvalid(nameof(Database), "", "given, since no Lighthouse is asked for it");
        }

        Links.Check();
    }

    internal PostgreSqlPlacementOptions Placement(string database, int shardCount, string address) => new()
    {
        ConnectionString = database, Schema = Schema, ClusterName = Cluster.Value, Node = Node, Address = address,
        Groups = [new ShardGroup(ShardId.DefaultGroup, shardCount), new ShardGroup(ShardId.Directory.Group, 1)],
        Roles = Roles, Weight = Weight, LeaseLength = LeaseLength, Listens = Listens, OutageMax = OutageMax, LoggerFactory = LoggerFactory, TimeProvider = TimeProvider,
    };
}

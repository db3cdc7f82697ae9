using System.Net;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;

namespace Kyberium.Host.Configuration;

/// <summary>Which cluster this node is of; none: it is alone with its data directory. HOCON: <c>kyberium.host.cluster</c>.</summary>
internal sealed class ClusterOptions
{
    private const string Prefix = "kyberium.host.cluster.";

    /// <summary>Gets or sets the cluster's name; empty: no cluster. Default empty.</summary>
    /// <remarks>HOCON: <c>name</c>.</remarks>
    public string Name { get; set; } = string.Empty;

    /// <summary>Gets or sets this node's name in the cluster. Default empty.</summary>
    /// <remarks>HOCON: <c>node</c>.</remarks>
    public string Node { get; set; } = string.Empty;

    /// <summary>Gets or sets where the node listens for the others: an IP address and a port. Default 0.0.0.0:4054.</summary>
    /// <remarks>HOCON: <c>listen</c>.</remarks>
    public string Listen { get; set; } = "0.0.0.0:4054";

    /// <summary>Gets or sets by which name or address the others reach it; empty: the one it listens at. Default empty.</summary>
    /// <remarks>HOCON: <c>host</c>.</remarks>
    public string Host { get; set; } = string.Empty;

    /// <summary>Gets or sets the Lighthouses, <c>host:port</c> each. Default none.</summary>
    /// <remarks>HOCON: <c>lighthouses</c>.</remarks>
    public IReadOnlyList<string> Lighthouses { get; set; } = [];

    /// <summary>Gets or sets the file with the token to join with. Default empty.</summary>
    /// <remarks>HOCON: <c>token-file</c>.</remarks>
    public string TokenFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the file that keeps the node's certificate; empty: <c>node.json</c> in the data directory. Default empty.</summary>
    /// <remarks>HOCON: <c>state-file</c>.</remarks>
    public string StateFile { get; set; } = string.Empty;

    /// <summary>Gets or sets the database's connection string; empty: what the Lighthouse says. Default empty.</summary>
    /// <remarks>HOCON: <c>database</c>.</remarks>
    public string Database { get; set; } = string.Empty;

    /// <summary>Gets or sets the schema. Default kyberium.</summary>
    /// <remarks>HOCON: <c>schema</c>.</remarks>
    public string Schema { get; set; } = "kyberium";

    /// <summary>Gets or sets the roles this node has. Default none.</summary>
    /// <remarks>HOCON: <c>roles</c>.</remarks>
    public IReadOnlyList<string> Roles { get; set; } = [];

    /// <summary>Gets or sets how much of the load it takes beside others. Default 100; 1 to 1,000.</summary>
    /// <remarks>HOCON: <c>weight</c>.</remarks>
    public int Weight { get; set; } = 100;

    /// <summary>Gets or sets how long a lease is. Default 5 s; 1 s to 10 min.</summary>
    /// <remarks>HOCON: <c>lease-length</c>.</remarks>
    public TimeSpan LeaseLength { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets whether the node listens for word of changes in the database. Default true.</summary>
    /// <remarks>HOCON: <c>database-notifies</c>.</remarks>
    public bool DatabaseNotifies { get; set; } = true;

    internal bool IsNode => Name.Length > 0;

    internal void Check(OptionProblems problems)
    {
        problems.IsPathOrEmpty(TokenFile, Prefix + "token-file");
        problems.IsPathOrEmpty(StateFile, Prefix + "state-file");
        problems.InRange(Weight, 1, ClusterMember.WeightMax, Prefix + "weight");
        problems.InRange(LeaseLength, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), Prefix + "lease-length");
        if (!IsNode)
        {
            return;
        }

        Require(problems, ClusterName.TryParse(Name, out _), Name, "name", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
        Require(problems, NodeId.TryParse(Node, out _), Node, "node", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
        Require(problems, Listen.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(Listen, out _), Listen, "listen", "must be an IP address and a port");
        Require(
            problems, Host.Length > 0 || !IPEndPoint.TryParse(Listen, out var at) || !(at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any)),
            Host, "host", "must say how other nodes reach this one, since it listens at all addresses");
        Require(problems, Lighthouses.Count > 0, "", "lighthouses", "must name at least one Lighthouse");
    }

    internal ClusterNodeOptions ToNodeOptions(
        string dataDirectory, string token, Action<string> databaseFound, Microsoft.Extensions.Logging.ILoggerFactory loggers) => new()
    {
        DatabaseFound = databaseFound,
        Cluster = new ClusterName(Name),
        Node = new NodeId(Node),
        Listen = IPEndPoint.Parse(Listen),
        Host = Host,
        Lighthouses = Lighthouses,
        Token = token,
        StateFile = StateFile.Length > 0 ? StateFile : Path.Combine(dataDirectory, "node.json"),
        Database = Database,
        Schema = Schema,
        Roles = Roles,
        Weight = Weight,
        LeaseLength = LeaseLength,
        Listens = DatabaseNotifies,
        LoggerFactory = loggers,
    };

    private static void Require(OptionProblems problems, bool holds, string value, string key, string rule)
    {
        if (!holds)
        {
            problems.Add(Prefix + key, value, rule);
        }
    }
}

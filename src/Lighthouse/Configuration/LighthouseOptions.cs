using System.Net;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Configuration;

/// <summary>Everything a Lighthouse can be told. HOCON: <c>kyberium.lighthouse</c>; hocon/lighthouse.conf lists every key.</summary>
internal sealed class LighthouseOptions
{
    /// <summary>Gets or sets the name of the cluster; empty: whatever the authority says. Default empty.</summary>
    public string Cluster { get; set; } = "";

    /// <summary>Gets or sets where it listens: an IP address and a port. Default 0.0.0.0:4053.</summary>
    public string Listen { get; set; } = "0.0.0.0:4053";

    /// <summary>Gets or sets the folder with the authority and the tokens. Required.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Gets or sets the name of this Lighthouse in its certificate. Default lighthouse.</summary>
    public string Name { get; set; } = "lighthouse";

    /// <summary>Gets or sets where nodes reach the Lighthouses, <c>host:port</c> each. Default none: nodes keep what they were given.</summary>
    public IReadOnlyList<string> Lighthouses { get; set; } = [];

    /// <summary>Gets or sets the count of shards that nodes are told. Default 64; 1 to 65,536.</summary>
    public int ShardCount { get; set; } = 64;

    /// <summary>Gets or sets where nodes find the cluster's database. Default empty.</summary>
    public string Database { get; set; } = "";

    /// <summary>Gets or sets the connection string by which this Lighthouse itself looks at the cluster and plans; empty: <see cref="Database"/>'s. Default empty.</summary>
    public string DatabaseOwn { get; set; } = "";

    /// <summary>Gets or sets the schema of members, leases and journal. Default kyberium.</summary>
    public string Schema { get; set; } = "kyberium";

    /// <summary>Gets or sets how many shards may move at once by this Lighthouse's plans. Default 8; 1 to 65,536.</summary>
    public int MovesMax { get; set; } = 8;

    /// <summary>Gets or sets where nodes find policy templates. Default none.</summary>
    public IReadOnlyList<string> Policies { get; set; } = [];

    /// <summary>Gets or sets the oldest version that may join. Default 0.1.</summary>
    public string NodeVersionMin { get; set; } = "0.1";

    /// <summary>Gets or sets the least severe log messages written. Default information.</summary>
    public string LogLevel { get; set; } = "information";

    /// <summary>Gets or sets how log messages look: text or json. Default text.</summary>
    public string LogFormat { get; set; } = "text";

    /// <summary>Gets the options under <c>pbm</c>: where operators reach this Lighthouse, and who may.</summary>
    public Kyberium.Host.Configuration.PbmListenOptions Pbm { get; } = new();

    internal string OwnDatabase => DatabaseOwn.Length > 0 ? DatabaseOwn : Database;

    internal IPEndPoint Endpoint => IPEndPoint.Parse(Listen);

    internal Version VersionMin => Version.Parse(NodeVersionMin);

    internal LogLevel MinimumLevel => Enum.Parse<LogLevel>(LogLevel, ignoreCase: true);

    internal void Check(OptionProblems problems)
    {
        Require(problems, Cluster.Length == 0 || ClusterName.IsValid(Cluster), Cluster, "cluster", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
        Require(problems, Listen.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(Listen, out _), Listen, "listen", "must be an IP address and a port");
        Require(problems, Directory.Length > 0, Directory, "directory", "must name a folder");
        Require(problems, NodeId.TryParse(Name, out _), Name, "name", "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
        problems.InRange(ShardCount, 1, 65_536, "kyberium.lighthouse.shard-count");
        problems.InRange(MovesMax, 1, 65_536, "kyberium.lighthouse.moves-max");
        Pbm.Check(problems, "kyberium.lighthouse.pbm.");
        Require(problems, Version.TryParse(NodeVersionMin, out _), NodeVersionMin, "node-version-min", "must be a version such as 0.1");
        Require(
            problems, LogLevel is "trace" or "debug" or "information" or "warning" or "error" or "none", LogLevel, "log-level",
            "must be one of trace, debug, information, warning, error, none");
        Require(problems, LogFormat is "text" or "json", LogFormat, "log-format", "must be one of text, json");
    }

    private static void Require(OptionProblems problems, bool holds, string value, string key, string rule)
    {
        if (!holds)
        {
            problems.Add("kyberium.lighthouse." + key, value, rule);
        }
    }
}

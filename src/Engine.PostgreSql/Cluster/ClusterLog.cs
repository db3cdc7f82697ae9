using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>Log messages of the cluster in PostgreSQL: events 1200 to 1299.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(1200, LogLevel.Information, "Node {Node} joined cluster {Cluster}: incarnation {Incarnation}, lease {LeaseMillis} ms")]
    internal static partial void Joined(ILogger logger, NodeId node, string cluster, long incarnation, long leaseMillis);

    [LoggerMessage(1201, LogLevel.Warning, "Node {Node} lost its lease and stopped {Shards} shards; it joins again")]
    internal static partial void LeaseLost(ILogger logger, NodeId node, int shards);

    [LoggerMessage(1202, LogLevel.Warning, "The cluster's database does not answer node {Node} ({What}): {Reason}")]
    internal static partial void Unanswered(ILogger logger, NodeId node, string what, string reason);

    [LoggerMessage(1203, LogLevel.Information, "Node {Node} has left cluster {Cluster}")]
    internal static partial void Left(ILogger logger, NodeId node, string cluster);

    [LoggerMessage(1204, LogLevel.Information, "Plan {Version}: {Assigned} shards given out, {Moves} move, {Waiting} wait, {Unplaceable} have nobody")]
    internal static partial void Planned(ILogger logger, long version, int assigned, int moves, int waiting, int unplaceable);

    [LoggerMessage(1205, LogLevel.Error, "Node {Node} was refused when it joined again: {Reason}")]
    internal static partial void Refused(ILogger logger, NodeId node, string reason);
}

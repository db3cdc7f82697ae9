using Kyberium.Cluster.Tests.Network;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>What all parts of a run's cluster know of it.</summary>
/// <param name="Root">A folder that everything lies in.</param>
/// <param name="Lighthouses">Where nodes find them.</param>
internal sealed record ClusterPlan(string Root, IReadOnlyList<string> Lighthouses)
{
    internal const string Name = "orders";
    internal const string Schema = "orders";
    internal const int ShardCount = 8;
    internal const int LeaseSeconds = 2;

    /// <summary>Where each party listens for its peers.</summary>
    internal const int PeerPort = 7441;

    internal static string PeerAddress(Station station) => $"http://{station.Address}:{PeerPort}";

    internal static string Peer(int sequence) => $"p{sequence % PeerCount}";

    internal const int PeerCount = 4;
}

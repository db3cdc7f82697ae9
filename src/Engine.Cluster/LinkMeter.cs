using System.Diagnostics.Metrics;

namespace Kyberium.Engine.Cluster;

/// <summary>Instruments of the links between nodes, both ends, of all nodes in this process (docs/operating/metrics.md).</summary>
internal static class LinkMeter
{
    internal const string Name = "Kyberium.Engine.Cluster";

    private static readonly Meter Instruments = new(Name);

    /// <summary>Gets connections that this process made.</summary>
    internal static Counter<long> Made { get; } = Counter("connections.made", "{connection}", "Connections made to other nodes.");

    internal static Counter<long> Remade { get; } = Counter("connections.remade", "{connection}", "Connections made to a node that had been connected to before.");

    internal static Counter<long> Failed { get; } = Counter("connections.failed", "{attempt}", "Attempts to connect to another node that failed.");

    internal static Counter<long> Lost { get; } = Counter("connections.lost", "{connection}", "Connections to other nodes that ended when nobody had meant them to.");

    internal static Counter<long> Refused { get; } = Counter("connections.refused", "{connection}", "Certificates that were refused, of callers and of nodes called.");

    internal static UpDownCounter<long> Serving { get; } =
        Instruments.CreateUpDownCounter<long>("kyberium.cluster.connections.serving", "{connection}", "Connections of other nodes that are open here.");

    internal static Counter<long> Asked { get; } = Counter("requests.asked", "{request}", "Requests that callers here had for other nodes.");

    internal static Counter<long> Unanswered { get; } =
        Counter("requests.failed", "{request}", "Requests that ended without the other node's answer: not sent, no room, or an unknown outcome.");

    internal static Counter<long> Served { get; } = Counter("requests.served", "{request}", "Requests of other nodes that were handed to the engine here.");

    internal static Counter<long> Sent { get; } = Counter("bytes.sent", "By", "Bytes of frames written, requests and answers, before TLS.");

    internal static Counter<long> Received { get; } = Counter("bytes.received", "By", "Bytes of frames read, requests and answers, after TLS.");

    internal static UpDownCounter<long> WitnessesWaiting { get; } = Instruments.CreateUpDownCounter<long>(
        "kyberium.cluster.witnesses.waiting", "{witness}", "Shards, for each Lighthouse, whose last checkpoint it has not been told of.");

    /// <summary>Counts an answer, if the link gave it and not the other node.</summary>
    internal static void Answered(in ClusterAnswer answer)
    {
        if (answer is
            {
                Status: ClusterAnswerStatus.Failed, Code: EngineErrorCode.NodeUnreachable or EngineErrorCode.Overloaded or EngineErrorCode.OutcomeUnknown,
            })
        {
            Unanswered.Add(1);
        }
    }

    private static Counter<long> Counter(string name, string unit, string description) =>
        Instruments.CreateCounter<long>("kyberium.cluster." + name, unit, description);
}

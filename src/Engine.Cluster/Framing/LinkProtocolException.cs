namespace Kyberium.Engine.Cluster.Framing;

/// <summary>The other side broke a rule of docs/formats/cluster-link.md: the connection ends.</summary>
internal sealed class LinkProtocolException(string rule) : Exception($"the other side of the cluster link broke a rule: {rule}");

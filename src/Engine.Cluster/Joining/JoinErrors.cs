namespace Kyberium.Engine.Cluster.Joining;

/// <summary>Why a node does not join, and what to do next.</summary>
internal static class JoinErrors
{
    internal static EngineException NoToken() => new(
        EngineErrorCode.JoinProofInvalid, "this is no join token; give what 'lighthouse token create' printed, whole");

    internal static EngineException AnotherRoot(string lighthouse) => new(
        EngineErrorCode.JoinProofInvalid, $"{lighthouse} does not have the root that the token names; check the address, or make a new token");

    internal static EngineException NotItsLighthouse(string lighthouse, ClusterName cluster, string found) => new(
        EngineErrorCode.ClusterRefused, $"{lighthouse} is no Lighthouse of cluster '{cluster}' to believe: of its certificate, {found}; check the address and the cluster's name");

    internal static EngineException NoLighthouse(IReadOnlyCollection<string> failures) => new(
        EngineErrorCode.NodeUnreachable, $"no Lighthouse answered ({string.Join("; ", failures)}); check the addresses and that one runs");

    internal static EngineException Refused() => new(
        EngineErrorCode.JoinProofInvalid, "the token or certificate shown is not in force; make a token with 'lighthouse token create' (the Lighthouse's log says more)");

    internal static EngineException AnotherCluster(string asked) => new(
        EngineErrorCode.ClusterRefused, $"this Lighthouse is not of cluster '{asked}'; check the cluster's name and the Lighthouse's address");

    internal static EngineException Format(int format) => new(
        EngineErrorCode.NodeVersionUnsupported, $"joining in format {format} is not spoken here; update the older side");

    internal static EngineException TooOld(string version, Version min) => new(
        EngineErrorCode.NodeVersionUnsupported, $"version '{version}' may not join, {min} is the least; update the node");

    internal static EngineException WitnessesMalformed(string problem) => new(
        EngineErrorCode.RequestInvalid, $"what was said of a store's shards is malformed: it {problem}; send what docs/formats/joining.md describes");

    internal static EngineException TooManyStores(int max) => new(
        EngineErrorCode.RequestInvalid, $"{max} stores are remembered already; have the Lighthouse forget those that are gone ('lighthouse witness forget')");

    internal static EngineException Malformed() => new(
        EngineErrorCode.RequestInvalid, "the request to join is malformed; send what docs/formats/joining.md describes");
}

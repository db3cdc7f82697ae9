namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>What is wrong with certificates, and what to do next.</summary>
internal static class CertificateErrors
{
    internal static EngineException NoRoot() => new(
        EngineErrorCode.ClusterCertificateUnusable, "there is no root to believe; give the cluster's roots ('lighthouse ca show' prints them)");

    internal static EngineException NoNode(string subject) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"certificate '{subject}' has no private key, or names no node; join through a Lighthouse to get one, or use 'lighthouse ca issue'");

    internal static EngineException AnotherNode(string found, string expected) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"the certificate is of node {found} where {expected} was expected; use this node's own certificate of this cluster");

    internal static EngineException NoAuthority(string path) => new(
        EngineErrorCode.ClusterCertificateUnusable, $"there is no authority at '{path}'; make one with 'lighthouse ca create', or name its folder");

    internal static EngineException AuthorityExists(string path) => new(
        EngineErrorCode.ClusterCertificateUnusable, $"there is an authority at '{path}' already; to replace its root use 'lighthouse ca rotate'");

    internal static EngineException Malformed(string path, Exception cause) => new(
        EngineErrorCode.ClusterCertificateUnusable, $"'{path}' is not an authority ({cause.Message}); restore it from a backup", cause);

    internal static EngineException TooEarly(DateTimeOffset at) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"the next step of the rotation may be taken from {at:u} on, when every node has renewed; with --force those that have not must join again");

    internal static EngineException SigningRequest(string node, Exception? cause) => new(
        EngineErrorCode.RequestInvalid, $"what node '{node}' wants signed is no request of a key on P-256 or P-384; send PKCS #10 in DER", cause);

    internal static EngineException NodeMalformed(string path, Exception cause) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"'{path}' does not hold a node's certificate ({cause.Message}); delete it and join again with a token of 'lighthouse token create'", cause);

    internal static EngineException NodeExpired(string path, DateTime since) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"the node's certificate in '{path}' is over since {since:u}; join again with a token of 'lighthouse token create'");
}

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
}

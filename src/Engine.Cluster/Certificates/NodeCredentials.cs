using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>What one node shows and whom it believes: its certificate with key, and the cluster's trust. Replaced as a whole.</summary>
internal sealed class NodeCredentials
{
    internal NodeCredentials(NodeId node, X509Certificate2 certificate, NodeTrust trust)
    {
        (Node, Certificate, Trust) = (node, certificate, trust);
        Context = System.Net.Security.SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    internal NodeId Node { get; }

    /// <summary>Gets the certificate with its private key.</summary>
    internal X509Certificate2 Certificate { get; }

    internal NodeTrust Trust { get; }

    /// <summary>Gets the certificate in the form that handshakes share.</summary>
    internal System.Net.Security.SslStreamCertificateContext Context { get; }
}

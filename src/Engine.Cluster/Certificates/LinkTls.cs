using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>TLS between nodes: 1.3, both sides shown, checked against the cluster's own roots, never resumed.</summary>
internal static class LinkTls
{
    internal static SslApplicationProtocol Protocol { get; } = new(FrameFormat.Protocol);

    internal static SslServerAuthenticationOptions Server(NodeCredentials credentials, TimeProvider time, Action<string> refused) => new()
    {
        ServerCertificateContext = credentials.Context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        AllowTlsResume = false,     // a resumed session would skip a check that may have become stricter
        RemoteCertificateValidationCallback = (_, certificate, _, _) => IsAccepted(certificate, null, credentials.Trust, time, refused),
    };

    /// <param name="target">The node that must answer; another one of the same cluster is refused too.</param>
    /// <param name="host">What it is reached by; shown to it, and not compared with its certificate.</param>
    internal static SslClientAuthenticationOptions Client(NodeCredentials credentials, NodeId target, string host, TimeProvider time, Action<string> refused) => new()
    {
        TargetHost = host,
        ClientCertificateContext = credentials.Context,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => IsAccepted(certificate, target, credentials.Trust, time, refused),
    };

    // The platform's own verdict, by the machine's store and the host's name, is not looked at.
    private static bool IsAccepted(X509Certificate? certificate, NodeId? expected, NodeTrust trust, TimeProvider time, Action<string> refused)
    {
        if (certificate is not X509Certificate2 shown)
        {
            refused("it shows no certificate");
            return false;
        }

        var node = trust.Verify(shown, time.GetUtcNow(), out var refusal);
        if (node is not null && (expected is null || node == expected))
        {
            return true;
        }

        refused(refusal ?? $"it is node '{node}', not '{expected}'");
        return false;
    }
}

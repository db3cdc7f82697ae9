using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>Which certificates are nodes of one cluster: those its own roots signed, within their time, for both purposes, and not denied. The
/// machine's store is never asked, and nothing is fetched.</summary>
internal sealed class NodeTrust
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2Collection _roots;
    private readonly FrozenSet<string> _denied;

    /// <param name="denied">Serial numbers, hexadecimal as <see cref="X509Certificate2.SerialNumber"/> writes them.</param>
    internal NodeTrust(ClusterName cluster, X509Certificate2Collection roots, IEnumerable<string> denied)
    {
        (Cluster, _roots) = (cluster, roots);
        _denied = denied.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    internal ClusterName Cluster { get; }

    internal IReadOnlyList<X509Certificate2> Roots => [.. _roots];

    internal IReadOnlySet<string> Denied => _denied;

    /// <summary>Says whose a certificate is.</summary>
    /// <param name="refusal">Why it is nobody's here; for the log.</param>
    internal NodeId? Verify(X509Certificate2 certificate, DateTimeOffset now, out string? refusal, CertificateKind kind = CertificateKind.Node)
    {
        refusal = null;
        var name = NodeName.Read(certificate, kind);
        if (name is null)
        {
            refusal = $"it names no {(kind == CertificateKind.Node ? "node" : "Lighthouse")}";
        }
        else if (name.Value.Cluster != Cluster)
        {
            refusal = $"it is of cluster '{name.Value.Cluster}'";
        }
        else if (_denied.Contains(certificate.SerialNumber))
        {
            refusal = "it was denied";
        }
        else if (Chain(certificate, now) is { } problem)
        {
            refusal = problem;
        }

        return refusal is null ? name!.Value.Node : null;
    }

    private string? Chain(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(_roots);
        policy.RevocationMode = X509RevocationMode.NoCheck;     // short lives and the deny list stand in for lists of an authority
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.UtcDateTime;
        policy.ApplicationPolicy.Add(ServerAuthentication);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        return chain.Build(certificate) ? null : string.Join(", ", chain.ChainStatus.Select(status => status.Status));
    }
}

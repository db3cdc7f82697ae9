using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Engine.Cluster.Certificates;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Which node shows a certificate that is in force now.</summary>
internal static class NodeProof
{
    /// <param name="refusal">Why it is none; for the log.</param>
    internal static NodeId? Of(ClusterAuthority authority, X509Certificate2? shown, DateTimeOffset now, out string? refusal)
    {
        refusal = "it shows no certificate";
        return shown is null ? null : new NodeTrust(authority.Cluster, [.. authority.RootCertificates], authority.Denied).Verify(shown, now, out refusal);
    }
}

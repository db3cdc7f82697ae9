using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>Where a rotation of the cluster's root stands.</summary>
internal enum RotationStage
{
    /// <summary>One root, which signs.</summary>
    Stable = 0,

    /// <summary>Two are believed, the older one signs: nodes learn the newer one with each renewal.</summary>
    Introducing = 1,

    /// <summary>Two are believed, the newer one signs: what the older one has signed runs out.</summary>
    Replacing = 2,
}

/// <summary>The cluster's own authority: one root, or two while one replaces the other. An immutable value; <see cref="AuthorityFile"/> keeps it.</summary>
/// <param name="Roots">Oldest first.</param>
/// <param name="Since">When the stage began.</param>
/// <param name="CertificateLifetime">The longest life of a node's certificate: a stage lasts that long.</param>
/// <param name="Denied">Serial numbers that are refused before their time is over.</param>
internal sealed record ClusterAuthority(
    ClusterName Cluster, IReadOnlyList<AuthorityRoot> Roots, RotationStage Stage, DateTimeOffset Since, TimeSpan CertificateLifetime,
    IReadOnlyList<string> Denied)
{
    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3_650);

    /// <summary>Gets the root that signs.</summary>
    internal AuthorityRoot Signing => Stage == RotationStage.Introducing ? Roots[0] : Roots[^1];

    internal IEnumerable<X509Certificate2> RootCertificates => Roots.Select(root => root.Certificate);

    internal static ClusterAuthority Create(ClusterName cluster, TimeSpan certificateLifetime, DateTimeOffset now) =>
        new(cluster, [AuthorityRoot.Create(cluster, now, RootLifetime)], RotationStage.Stable, now, certificateLifetime, []);

    /// <summary>Gets when the next step may be taken: by then every node has renewed its certificate and learnt what this stage is about.</summary>
    internal DateTimeOffset NextStepAt => Stage == RotationStage.Stable ? Since : Since + CertificateLifetime;

    /// <summary>Takes the next step of a rotation: a second root, then signing with it, then without the first.</summary>
    /// <param name="isForced">Whether nodes that have not renewed yet may be left behind; they must join again.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterCertificateUnusable"/>: it is too early.</exception>
    internal ClusterAuthority Rotate(DateTimeOffset now, bool isForced)
    {
        if (now < NextStepAt && !isForced)
        {
            throw CertificateErrors.TooEarly(NextStepAt);
        }

        return Stage switch
        {
            RotationStage.Stable => this with { Roots = [.. Roots, AuthorityRoot.Create(Cluster, now, RootLifetime)], Stage = RotationStage.Introducing, Since = now },
            RotationStage.Introducing => this with { Stage = RotationStage.Replacing, Since = now },
            _ => this with { Roots = [Roots[^1]], Stage = RotationStage.Stable, Since = now },
        };
    }

    /// <summary>Signs what a node asks for, once its signature shows that it holds the key.</summary>
    /// <param name="signingRequest">PKCS #10, DER. Only its key counts: names and purposes are this authority's to give.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: malformed, not signed by its key, or a key that is not on P-256 or P-384.</exception>
    internal X509Certificate2 Issue(NodeId node, ReadOnlySpan<byte> signingRequest, DateTimeOffset now, CertificateKind kind = CertificateKind.Node)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequest(signingRequest, HashAlgorithmName.SHA384, out var taken);
            using var key = request.PublicKey.GetECDsaPublicKey();
            if (taken != signingRequest.Length || key?.KeySize is not (256 or 384))
            {
                throw CertificateErrors.SigningRequest(node.Value, null);
            }

            return Signing.Issue(Cluster, node, request.PublicKey, now, CertificateLifetime, kind);
        }
        catch (CryptographicException malformed)
        {
            throw CertificateErrors.SigningRequest(node.Value, malformed);
        }
    }
}

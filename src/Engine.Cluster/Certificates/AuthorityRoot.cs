using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>One root of a cluster: its key and its self-signed certificate. Signs node certificates, nothing between.</summary>
internal sealed class AuthorityRoot : IDisposable
{
    /// <summary>Clocks of two machines may differ by this much.</summary>
    internal static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AuthorityPurpose = "kyberium cluster root";

    private readonly ECDsa _key;

    internal AuthorityRoot(X509Certificate2 certificate, ECDsa key) => (Certificate, _key) = (certificate, key);

    internal X509Certificate2 Certificate { get; }

    /// <summary>Makes a root.</summary>
    internal static AuthorityRoot Create(ClusterName cluster, DateTimeOffset now, TimeSpan lifetime)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={AuthorityPurpose} {cluster}"), key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var withKey = request.CreateSelfSigned(now - ClockSkew, now + lifetime);
        return new AuthorityRoot(X509CertificateLoader.LoadCertificate(withKey.RawDataMemory.Span), key);
    }

    /// <summary>Signs a node's public key.</summary>
    /// <param name="publicKey">The key the node has shown that it holds.</param>
    internal X509Certificate2 Issue(
        ClusterName cluster, NodeId node, PublicKey publicKey, DateTimeOffset now, TimeSpan lifetime, CertificateKind kind = CertificateKind.Node)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={node}"), publicKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid(ServerAuthentication), new Oid(ClientAuthentication)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(NodeName.Write(cluster, node, kind));
        var end = now + lifetime;
        var rootEnd = new DateTimeOffset(Certificate.NotAfter.ToUniversalTime());
        var generator = X509SignatureGenerator.CreateForECDsa(_key);
        return request.Create(Certificate.SubjectName, generator, now - ClockSkew, end < rootEnd ? end : rootEnd, RandomNumberGenerator.GetBytes(16));
    }

    /// <summary>Writes the key as PKCS #8; secret, the caller zeroes it.</summary>
    internal byte[] ExportKey() => _key.ExportPkcs8PrivateKey();

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }
}

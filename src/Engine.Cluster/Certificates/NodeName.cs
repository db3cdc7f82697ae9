using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.Cluster.Certificates;

/// <summary>What a certificate is for.</summary>
internal enum CertificateKind
{
    /// <summary>A node that runs shards.</summary>
    Node = 0,

    /// <summary>A Lighthouse: nodes take what it says about their cluster, and it forwards nothing.</summary>
    Lighthouse = 1,
}

/// <summary>Whose a certificate is: <c>urn:kyberium:node:CLUSTER:NODE</c>, or <c>lighthouse</c> in place of <c>node</c>; its only subject alternative name.</summary>
/// <remarks>A URN, because the host of a URI is compared without case and these names are not.</remarks>
internal static class NodeName
{
    private static readonly string[] Prefixes = ["urn:kyberium:node:", "urn:kyberium:lighthouse:"];

    private const string AlternativeNames = "2.5.29.17";

    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    internal static X509Extension Write(ClusterName cluster, NodeId node, CertificateKind kind)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, $"{Prefixes[(int)kind]}{cluster}:{node}", UriTag);
        }

        return new X509Extension(AlternativeNames, writer.Encode(), critical: true);
    }

    /// <summary>Reads whose a certificate is; <see langword="null"/>: it has no such name, or another beside it.</summary>
    internal static (ClusterName Cluster, NodeId Node)? Read(X509Certificate2 certificate, CertificateKind kind = CertificateKind.Node)
    {
        if (certificate.Extensions[AlternativeNames] is not { } extension)
        {
            return null;
        }

        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            return names.PeekTag() == UriTag && Parse(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag), Prefixes[(int)kind]) is { } name && !names.HasData
                ? name
                : null;
        }
        catch (Exception malformed) when (malformed is AsnContentException or CryptographicException)
        {
            return null;
        }
    }

    private static (ClusterName Cluster, NodeId Node)? Parse(string uri, string prefix)
    {
        var parts = uri.StartsWith(prefix, StringComparison.Ordinal) ? uri[prefix.Length..].Split(':', 2) : [];
        return parts.Length == 2 && ClusterName.IsValid(parts[0]) && NodeId.TryParse(parts[1], out var node)
            ? (new ClusterName(parts[0]), node)
            : null;
    }
}

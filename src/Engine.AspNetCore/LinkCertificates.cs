using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.AspNetCore;

/// <summary>Reads the certificate files that the options name.</summary>
internal static class LinkCertificates
{
    /// <summary>Reads the server's certificate with its key, and the chain that is sent with it.</summary>
    internal static (X509Certificate2 Leaf, X509Certificate2Collection Chain) Server(HttpPeerLinkOptions options)
    {
        var file = options.CertificateFile!;
        try
        {
            var leaf = X509Certificate2.CreateFromPemFile(file, options.CertificateKeyFile);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(file);
            return (leaf, chain);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw LinkErrors.CertificateUnusable(file, failure);
        }
    }

    /// <summary>Reads the authorities that peers are checked against; <see langword="null"/>: the system's are.</summary>
    internal static X509ChainPolicy? Trust(HttpPeerLinkOptions options)
    {
        if (options.TrustedCertificateFile is not { } file)
        {
            return null;
        }

        try
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,        // authorities of one's own seldom publish lists
            };
            policy.CustomTrustStore.ImportFromPemFile(file);
            return policy;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw LinkErrors.CertificateUnusable(file, failure);
        }
    }
}

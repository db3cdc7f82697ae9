using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Pbm.Hosting.Admission;

/// <summary>The server's side of TLS, from the files that the options name.</summary>
internal static class Tls
{
    /// <summary>Reads the certificates; nothing when there is no TLS.</summary>
    /// <exception cref="Kyberium.Engine.EngineException"><see cref="Kyberium.Engine.EngineErrorCode.OptionsInvalid"/>.</exception>
    internal static SslServerAuthenticationOptions? Read(PbmOptions options)
    {
        if (options.CertificateFile is not { } file)
        {
            return null;
        }

        var (leaf, chain) = ReadOwn(file, options.CertificateKeyFile);
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
            EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
        };
        if (options.OperatorAuthorityFile is { } authorities)
        {
            var tokensWillDo = options.TokenFile is not null;
            tls.ClientCertificateRequired = true;
            tls.CertificateChainPolicy = Trusting(authorities);
            tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                errors == SslPolicyErrors.None || (certificate is null && tokensWillDo);
        }

        return tls;
    }

    /// <summary>Takes these authorities for good, and no others.</summary>
    internal static X509ChainPolicy Trusting(string authorityFile)
    {
        try
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,        // authorities of one's own seldom publish lists
            };
            policy.CustomTrustStore.ImportFromPemFile(authorityFile);
            return policy.CustomTrustStore.Count > 0 ? policy : throw PbmErrors.NoCertificate(authorityFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw PbmErrors.FileUnusable(authorityFile, failure);
        }
    }

    internal static (X509Certificate2 Leaf, X509Certificate2Collection Chain) ReadOwn(string file, string? keyFile)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(file);
            return (X509Certificate2.CreateFromPemFile(file, keyFile), chain);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw PbmErrors.FileUnusable(file, failure);
        }
    }
}

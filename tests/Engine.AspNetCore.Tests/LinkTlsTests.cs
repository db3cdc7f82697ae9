using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>The link over TLS with certificates from files.</summary>
public sealed class LinkTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-link-").FullName;

    [Fact]
    public async Task A_trusted_certificate_is_accepted_and_any_other_is_not()
    {
        var (certificate, key) = WriteCertificate();
        var receiver = new RecordingReceiver();
        await using var server = await HttpPeerLinkTests.ListenAsync(
            receiver, new HttpPeerLinkOptions { Listen = "https://127.0.0.1:0", CertificateFile = certificate, CertificateKeyFile = key });
        Assert.StartsWith("https://127.0.0.1:", server.ListenAddress, StringComparison.Ordinal);

        await using var trusting = new HttpPeerLink(new HttpPeerLinkOptions { TrustedCertificateFile = certificate });
        await trusting.SendAsync(server.ListenAddress!, [LinkBodies.Envelope(44, 9)]);
        Assert.Equal(9, (await receiver.NextAsync()).Envelope[0]);

        await using var stranger = new HttpPeerLink(new HttpPeerLinkOptions());
        var failure = await Assert.ThrowsAsync<EngineException>(
            async () => await stranger.SendAsync(server.ListenAddress!, [LinkBodies.Envelope(44, 9)]));
        Assert.Equal(EngineErrorCode.PeerUnreachable, failure.Code);
    }

    [Fact]
    public async Task A_certificate_file_that_is_missing_is_named()
    {
        var file = Path.Combine(_folder, "missing.pem");
        await using var link = new HttpPeerLink(new HttpPeerLinkOptions { Listen = "https://127.0.0.1:0", CertificateFile = file });
        var failure = await Assert.ThrowsAsync<EngineException>(async () => await link.StartAsync(new RecordingReceiver()));
        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (string Certificate, string Key) WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=link test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        var certificateFile = Path.Combine(_folder, "link.pem");
        var keyFile = Path.Combine(_folder, "link.key");
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return (certificateFile, keyFile);
    }
}

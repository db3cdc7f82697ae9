using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;

namespace Kyberium.Engine.Cluster.Joining;

/// <summary>How a Lighthouse is asked: HTTP/2 over TLS 1.3, never resumed, no proxy, no redirection.</summary>
internal static class LighthouseHttp
{
    /// <summary>The longest answer that is read, unless said otherwise.</summary>
    internal const int ResponseBytesMax = 1 << 20;

    /// <summary>Asks as a node that has its certificate, and only who shows a Lighthouse's of the same cluster.</summary>
    internal static HttpClient Of(string lighthouse, NodeCredentials own, TimeProvider time, TimeSpan timeout, int responseBytesMax) => Client(
        lighthouse,
        new SslClientAuthenticationOptions
        {
            ClientCertificateContext = own.Context,
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown is X509Certificate2 certificate && own.Trust.Verify(certificate, time.GetUtcNow(), out string? _, CertificateKind.Lighthouse) is not null,
        },
        timeout, responseBytesMax);

    internal static HttpClient Client(string lighthouse, SslClientAuthenticationOptions tls, TimeSpan timeout, int responseBytesMax = ResponseBytesMax)
    {
        tls.EnabledSslProtocols = SslProtocols.Tls13;
        tls.AllowTlsResume = false;
        tls.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        return new HttpClient(new SocketsHttpHandler { SslOptions = tls, UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri($"https://{lighthouse}"),
            Timeout = timeout,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            MaxResponseContentBufferSize = responseBytesMax,
        };
    }

    /// <summary>Says whether a failure is one of the way there: another Lighthouse may answer.</summary>
    internal static bool IsOfTheWay(Exception failure) =>
        failure is HttpRequestException or IOException or TimeoutException or TaskCanceledException { InnerException: TimeoutException };
}

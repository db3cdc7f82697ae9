using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;

namespace Kyberium.Engine.Cluster;

/// <summary>What a node tells a Lighthouse in order to join.</summary>
public sealed class ClusterJoinOptions
{
    /// <summary>Gets or sets the Lighthouses' addresses, <c>host:port</c>; they are tried in this order. Required.</summary>
    public required IReadOnlyList<string> Lighthouses { get; init; }

    /// <summary>Gets or sets the cluster this node is meant for. Required.</summary>
    public required ClusterName Cluster { get; init; }

    /// <summary>Gets or sets this node. Required.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Gets or sets the version of this node's program. Default: this library's.</summary>
    public Version Version { get; init; } = typeof(ClusterJoinOptions).Assembly.GetName().Version!;

    /// <summary>Gets or sets how often a node asks which certificates are denied. Default 1 min.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets or sets how long one Lighthouse may take to answer. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets the clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>What a Lighthouse told a node that joined.</summary>
/// <param name="Identity">The node's certificate and the cluster's roots.</param>
/// <param name="ShardCount">How many shards the cluster's store has.</param>
/// <param name="Database">Where the cluster's database is; empty when the Lighthouse does not say.</param>
/// <param name="Policies">Where policy templates are.</param>
/// <param name="Lighthouses">All Lighthouses of the cluster.</param>
public sealed record ClusterGrant(
    ClusterIdentity Identity, int ShardCount, string Database, IReadOnlyList<string> Policies, IReadOnlyList<string> Lighthouses);

/// <summary>Asks Lighthouses for what a node needs: with a token the first time, with its own certificate from then on.</summary>
public static class ClusterJoin
{
    /// <summary>Joins with a token.</summary>
    /// <param name="options">Who asks whom.</param>
    /// <param name="token">As <c>lighthouse token create</c> printed it; secret.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JoinProofInvalid"/>, <see cref="EngineErrorCode.ClusterRefused"/>,
    /// <see cref="EngineErrorCode.NodeVersionUnsupported"/>: a Lighthouse refused; <see cref="EngineErrorCode.NodeUnreachable"/>: none answered.</exception>
    public static async Task<ClusterGrant> JoinAsync(ClusterJoinOptions options, string token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(token);
        var parsed = JoinToken.TryParse(token) ?? throw JoinErrors.NoToken();
        return await FirstAsync(options, async lighthouse =>
        {
            var root = await RootAsync(options, lighthouse, parsed, cancellationToken).ConfigureAwait(false);
            var trust = new NodeTrust(options.Cluster, [root], []);
            return await AskAsync(
                options, lighthouse, trust, own: null, JoinRequest.JoinPath, parsed, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Gets a new certificate, and the roots as they are now, by showing the present certificate; puts both into
    /// <paramref name="identity"/>.</summary>
    /// <exception cref="EngineException">As <see cref="JoinAsync"/>.</exception>
    public static Task<ClusterGrant> RenewAsync(ClusterJoinOptions options, ClusterIdentity identity, CancellationToken cancellationToken = default) =>
        RenewAsync(options, identity, learn: null, cancellationToken);

    /// <param name="learn">Hears what was granted before the identity changes.</param>
    internal static async Task<ClusterGrant> RenewAsync(
        ClusterJoinOptions options, ClusterIdentity identity, Action<ClusterGrant>? learn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(identity);
        var grant = await FirstAsync(options, lighthouse => AskAsync(
            options, lighthouse, identity.Current.Trust, identity.Current, JoinRequest.RenewPath, token: null, cancellationToken)).ConfigureAwait(false);
        var renewed = grant.Identity.Current;
        learn?.Invoke(grant);
        identity.Replace(renewed.Certificate, renewed.Trust.Roots, renewed.Trust.Denied);
        return grant with { Identity = identity };
    }

    /// <summary>Asks which certificates are denied, and has <paramref name="identity"/> refuse them.</summary>
    /// <returns>Whether that is a change.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.JoinProofInvalid"/>: this node's own is; <see cref="EngineErrorCode.NodeUnreachable"/>: no Lighthouse
    /// answered.</exception>
    internal static async Task<bool> RefreshAsync(ClusterJoinOptions options, ClusterIdentity identity, CancellationToken cancellationToken) =>
        identity.Deny(await FirstAsync(options, async lighthouse =>
        {
            using var http = LighthouseHttp.Of(lighthouse, identity.Current, options.TimeProvider, options.Timeout, LighthouseHttp.ResponseBytesMax);
            using var response = await http.GetAsync(new Uri(JoinRequest.DeniedPath, UriKind.Relative), cancellationToken).ConfigureAwait(false);
            await ThrowIfRefusedAsync(response, cancellationToken).ConfigureAwait(false);
            return await response.Content.ReadFromJsonAsync(JoinJson.Default.IReadOnlyListString, cancellationToken).ConfigureAwait(false) ?? [];
        }).ConfigureAwait(false));

    private static async Task<T> FirstAsync<T>(ClusterJoinOptions options, Func<string, Task<T>> ask)
    {
        var failures = new List<string>();
        foreach (var lighthouse in options.Lighthouses)
        {
            try
            {
                return await ask(lighthouse).ConfigureAwait(false);
            }
            catch (Exception failure) when (LighthouseHttp.IsOfTheWay(failure))
            {
                failures.Add($"{lighthouse}: {failure.GetBaseException().Message}");
            }
        }

        throw JoinErrors.NoLighthouse(failures);
    }

    // Whoever answers is not believed yet: the token says by a digest which root is the right one.
    private static async Task<X509Certificate2> RootAsync(
        ClusterJoinOptions options, string lighthouse, JoinToken token, CancellationToken cancellationToken)
    {
        using var http = LighthouseHttp.Client(
            lighthouse, new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null }, options.Timeout);
        var roots = await http.GetFromJsonAsync(JoinRequest.RootsPath, JoinJson.Default.IReadOnlyListByteArray, cancellationToken).ConfigureAwait(false);
        var root = roots?.FirstOrDefault(root => CryptographicOperations.FixedTimeEquals(SHA256.HashData(root), token.RootDigest.Span));
        return root is null ? throw JoinErrors.AnotherRoot(lighthouse) : X509CertificateLoader.LoadCertificate(root);
    }

    private static async Task<ClusterGrant> AskAsync(
        ClusterJoinOptions options, string lighthouse, NodeTrust trust, NodeCredentials? own, string path, JoinToken? token,
        CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signingRequest = new CertificateRequest(new X500DistinguishedName("CN=kyberium node"), key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var request = new JoinRequest(
            JoinRequest.CurrentFormat, options.Cluster.Value, options.Node.Value, options.Version.ToString(), signingRequest, token?.Id, token?.Secret.ToArray());
        string? distrust = null;
        using var http = LighthouseHttp.Client(lighthouse, new SslClientAuthenticationOptions
        {
            ClientCertificateContext = own?.Context,
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown is X509Certificate2 certificate && trust.Verify(certificate, options.TimeProvider.GetUtcNow(), out distrust, CertificateKind.Lighthouse) is not null,
        }, options.Timeout);
        using var response = await PostAsync().ConfigureAwait(false);
        await ThrowIfRefusedAsync(response, cancellationToken).ConfigureAwait(false);
        var granted = (await response.Content.ReadFromJsonAsync(JoinJson.Default.JoinResponse, cancellationToken).ConfigureAwait(false))!;
        using var issued = X509CertificateLoader.LoadCertificate(granted.Certificate);
        var identity = new ClusterIdentity(
            options.Cluster, issued.CopyWithPrivateKey(key), [.. granted.Roots.Select(root => X509CertificateLoader.LoadCertificate(root))], granted.Denied);
        return new ClusterGrant(identity, granted.ShardCount, granted.Database, granted.Policies, granted.Lighthouses);

        async Task<HttpResponseMessage> PostAsync()
        {
            try
            {
                return await http.PostAsJsonAsync(path, request, JoinJson.Default.JoinRequest, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException) when (distrust is not null)
            {
                throw JoinErrors.NotItsLighthouse(lighthouse, options.Cluster, distrust);
            }
        }
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var refusal = response.Content.Headers.ContentType?.MediaType == "application/json"
                ? await response.Content.ReadFromJsonAsync(JoinJson.Default.JoinRefusal, cancellationToken).ConfigureAwait(false)
                : null;
            throw refusal is null
                ? new HttpRequestException($"it answered with HTTP status {(int)response.StatusCode}")
                : new EngineException((EngineErrorCode)refusal.Code, refusal.Message);
        }
    }
}

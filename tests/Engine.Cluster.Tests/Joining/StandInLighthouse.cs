using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Kyberium.Engine.Cluster.Tests.Joining;

/// <summary>Answers as a Lighthouse does, by a test's clock, and lets everybody in: what is tested is who asks.</summary>
internal sealed class StandInLighthouse : IAsyncDisposable
{
    private readonly TestCluster _cluster;
    private readonly TimeProvider _clock;
    private WebApplication _application = null!;
    private int _grantCount;
    private int _askedCount;

    private StandInLighthouse(TestCluster cluster, TimeProvider clock) => (_cluster, _clock) = (cluster, clock);

    internal string Address { get; private set; } = "";

    /// <summary>Gets how often a certificate was asked for, with success or without.</summary>
    internal int GrantCount => Volatile.Read(ref _grantCount);

    /// <summary>Gets how often it was asked which certificates are denied.</summary>
    internal int AskedCount => Volatile.Read(ref _askedCount);

    internal bool IsOut { get; set; }

    /// <summary>Gets or sets how far its clock is behind the nodes'.</summary>
    internal TimeSpan Behind { get; set; }

    internal IReadOnlyList<string> Denied { get; set; } = [];

    internal IReadOnlyList<string> Policies { get; set; } = [];

    internal string Token => new JoinToken("0123456789abcdef", new byte[32], SHA256.HashData(_cluster.Root.Certificate.RawData)).Reveal();

    internal static async Task<StandInLighthouse> StartAsync(TestCluster cluster, TimeProvider clock)
    {
        var lighthouse = new StandInLighthouse(cluster, clock);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = cluster.Root.Issue(
            cluster.Name, new NodeId("lighthouse"), new PublicKey(key), clock.GetUtcNow(), TimeSpan.FromHours(12), CertificateKind.Lighthouse);
        var shown = issued.CopyWithPrivateKey(key);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = shown;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = static (_, _, _) => true;
        })));
        var application = lighthouse._application = builder.Build();
        application.MapPost(JoinRequest.JoinPath, lighthouse.GrantAsync);
        application.MapPost(JoinRequest.RenewPath, lighthouse.GrantAsync);
        application.MapGet(JoinRequest.RootsPath, context => context.Response.WriteAsJsonAsync((IReadOnlyList<byte[]>)[cluster.Root.Certificate.RawData]));
        application.MapGet(JoinRequest.DeniedPath, lighthouse.AskedAsync);
        await application.StartAsync();
        lighthouse.Address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;
        return lighthouse;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();

    private async Task GrantAsync(HttpContext context)
    {
        Interlocked.Increment(ref _grantCount);
        if (IsOut)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var request = (await context.Request.ReadFromJsonAsync(JoinJson.Default.JoinRequest))!;
        var signing = CertificateRequest.LoadSigningRequest(request.SigningRequest, HashAlgorithmName.SHA384, out _);
        using var certificate = _cluster.Root.Issue(
            _cluster.Name, new NodeId(request.Node), signing.PublicKey, _clock.GetUtcNow() - Behind, TimeSpan.FromHours(1));
        await context.Response.WriteAsJsonAsync(
            new JoinResponse(_cluster.Name.Value, certificate.RawData, [_cluster.Root.Certificate.RawData], Denied, 4, "Host=db", Policies, []), JoinJson.Default.JoinResponse);
    }

    private async Task AskedAsync(HttpContext context)
    {
        Interlocked.Increment(ref _askedCount);
        if (IsOut)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        await context.Response.WriteAsJsonAsync(Denied, JoinJson.Default.IReadOnlyListString);
    }
}

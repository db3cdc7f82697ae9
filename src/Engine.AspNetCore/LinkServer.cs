using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kyberium.Engine.AspNetCore;

/// <summary>A Kestrel that serves a link's two endpoints and nothing else.</summary>
internal sealed class LinkServer : IAsyncDisposable
{
    private static readonly TimeSpan FinishingTime = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private LinkServer(WebApplication application, string address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>Gets the address it listens at, with the port that was taken.</summary>
    internal string Address { get; }

    internal static async Task<LinkServer> StartAsync(
        HttpPeerLinkOptions options, ListenEndpoint endpoint, IPeerLinkReceiver receiver, CancellationToken cancellationToken)
    {
        // Empty on purpose: no configuration files, no environment variables, no console. What it does is what the options say.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = FinishingTime);
        builder.WebHost.UseKestrelCore();
        if (endpoint.IsTls)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, endpoint));
        var application = builder.Build();
        application.MapKyberiumLink(
            receiver, new KyberiumLinkLimits { RequestBytesMax = options.RequestBytesMax, ResponseBytesMax = options.ResponseBytesMax });
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw LinkErrors.CannotListen(options.Listen!, failure);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new LinkServer(application, AddressOf(application, endpoint));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static void Configure(KestrelServerOptions kestrel, HttpPeerLinkOptions options, ListenEndpoint endpoint)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.RequestBytesMax;
        kestrel.Limits.MaxConcurrentConnections = options.ConnectionCountMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = 8 << 10;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.Http2.MaxStreamsPerConnection = 64;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Listen(endpoint.Address, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (endpoint.IsTls)
            {
                var (leaf, chain) = LinkCertificates.Server(options);
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = leaf;
                    https.ServerCertificateChain = chain;
                });
            }
        });
    }

    private static string AddressOf(WebApplication application, ListenEndpoint endpoint)
    {
        var bound = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var port = int.Parse(bound.AsSpan(bound.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
        var host = new System.Net.IPEndPoint(endpoint.Address.Address, port).ToString();
        return $"{(endpoint.IsTls ? "https" : "http")}://{host}";
    }

    /// <summary>The process belongs to whoever runs the engine: its signals are not the link's.</summary>
    private sealed class EmbeddedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

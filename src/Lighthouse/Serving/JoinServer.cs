using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Host.Palettes;
using Kyberium.Lighthouse.Configuration;
using Kyberium.Lighthouse.Remembering;
using Kyberium.Pbm.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Serves joining, renewing, roots and health over HTTPS.</summary>
internal sealed class JoinServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ILogger _logger;

    private readonly ClusterWatch? _watch;
    private PbmServer? _pbm;

    private JoinServer(WebApplication application, ClusterWatch? watch, ILogger logger, string address) =>
        (_application, _watch, _logger, Address) = (application, watch, logger, address);

    internal string Address { get; }

    /// <summary>Gets where operators reach it with pbm.</summary>
    internal IReadOnlyList<string> PbmAddresses => [.. _pbm?.Addresses.Select(static address => address.ToString()) ?? []];

    internal static async Task<JoinServer> StartAsync(
        LighthouseOptions options, AuthorityFile file, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        AddLogs(builder.Logging, options);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        var certificates = new OwnCertificate(options, file, TimeProvider.System);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options.Endpoint, certificates));
        var application = builder.Build();
        var logger = application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Kyberium.Lighthouse");
        var watch = options.OwnDatabase.Length == 0 ? null : ClusterWatch.Start(options, TimeProvider.System, logger);
        Map(application, file, watch as IMembership ?? new NoMembership(), new JoinDesk(options, file, TimeProvider.System, logger),
            new WitnessDesk(file, new WitnessMemory(Path.Combine(options.Directory, "witness"), TimeProvider.System), TimeProvider.System, logger));
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            await (watch?.DisposeAsync() ?? default);
            await application.DisposeAsync();
            throw LighthouseErrors.CannotListen(options.Listen, failure);
        }

        var bound = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var address = new IPEndPoint(options.Endpoint.Address, bound.Port).ToString();
        LighthouseLog.Ready(logger, typeof(JoinServer).Assembly.GetName().Version!.ToString(3), (await file.ReadAsync(cancellationToken)).Cluster.Value, address);
        var server = new JoinServer(application, watch, logger, address);
        try
        {
            await server.StartPbmAsync(options, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        LighthouseLog.Stopping(_logger);
        await (_pbm?.DisposeAsync() ?? default);
        await (_watch?.DisposeAsync() ?? default);
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private async Task StartPbmAsync(LighthouseOptions options, CancellationToken cancellationToken)
    {
        if (options.Pbm.Listen.Count == 0)
        {
            return;
        }

        var pbm = options.Pbm.ToServerOptions($"lighthouse {typeof(JoinServer).Assembly.GetName().Version!.ToString(3)}", new PbmOptions().DrainTimeout);
        var cluster = _watch is null ? throw LighthouseErrors.NoDatabase() : await _watch.OpenedAsync(cancellationToken);
        pbm.Palettes.Add(new ClusterPalette(cluster).Make());
        pbm.Palettes.Add(new PbmPalette("cluster-sharding", "Looks at the cluster's shards, and moves them.", ClusterCommands.Make(cluster)));
        _pbm = await PbmServer.StartAsync(pbm, _application.Services.GetRequiredService<ILoggerFactory>(), cancellationToken);
    }

    private static void Configure(KestrelServerOptions kestrel, IPEndPoint endpoint, OwnCertificate certificates)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = JoinRequest.BytesMax;
        kestrel.Limits.MaxConcurrentConnections = 1_024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;     // health checks of many a platform speak HTTP/1.1 only
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = async context => new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = await certificates.GetAsync(context.CancellationToken),
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    AllowTlsResume = false,
                    // Who has none yet shows a token; the desk checks whichever it is.
                    RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is null or X509Certificate2,
                },
            });
        });
    }

    private static void Map(WebApplication application, AuthorityFile file, IMembership membership, JoinDesk desk, WitnessDesk witnesses)
    {
        application.MapGet(JoinRequest.WitnessPath + "/{store}", context => GuardedAsync(context, desk, async () =>
        {
            var told = await witnesses.TellAsync(StoreOf(context), context.Connection.ClientCertificate, AddressOf(context), context.RequestAborted);
            context.Response.ContentType = WitnessList.ContentType;
            context.Response.ContentLength = told.Length;
            await context.Response.Body.WriteAsync(told, context.RequestAborted);
        }));
        application.MapPost(JoinRequest.WitnessPath + "/{store}", context => GuardedAsync(context, desk, async () =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = WitnessList.SaidBytesMax;
            using var said = new MemoryStream();
            await context.Request.Body.CopyToAsync(said, context.RequestAborted);
            await witnesses.RememberAsync(StoreOf(context), said.ToArray(), context.Connection.ClientCertificate, AddressOf(context), context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }));
        application.MapPost(JoinRequest.JoinPath, context => AnswerAsync(context, desk, JoinAsync));
        application.MapPost(JoinRequest.RenewPath, context => AnswerAsync(context, desk, RenewAsync));
        application.MapGet(JoinRequest.DeniedPath, context => GuardedAsync(context, desk, async () =>
        {
            var denied = await desk.DeniedAsync(context.Connection.ClientCertificate, AddressOf(context), context.RequestAborted);
            await context.Response.WriteAsJsonAsync(denied, JoinJson.Default.IReadOnlyListString, cancellationToken: context.RequestAborted);
        }));
        application.MapGet(JoinRequest.RootsPath, async context =>
        {
            var authority = await file.ReadAsync(context.RequestAborted);
            IReadOnlyList<byte[]> roots = [.. authority.RootCertificates.Select(root => root.RawData)];
            await context.Response.WriteAsJsonAsync(roots, JoinJson.Default.IReadOnlyListByteArray, cancellationToken: context.RequestAborted);
        });
        application.MapGet(JoinRequest.HealthPath, async context =>
        {
            _ = await file.ReadAsync(context.RequestAborted);      // without its authority it can let nobody in
            var members = await membership.ListAsync(context.RequestAborted);
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(members is null ? "ok\n" : $"ok, {members.Count} members\n", context.RequestAborted);
        });
    }

    private static Task<JoinResponse> JoinAsync(JoinDesk desk, JoinRequest request, HttpContext context) =>
        desk.JoinAsync(request, AddressOf(context), context.RequestAborted);

    private static Task<JoinResponse> RenewAsync(JoinDesk desk, JoinRequest request, HttpContext context) =>
        desk.RenewAsync(request, context.Connection.ClientCertificate, AddressOf(context), context.RequestAborted);

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    private static string StoreOf(HttpContext context) => context.Request.RouteValues["store"] as string ?? "";

    private static Task AnswerAsync(HttpContext context, JoinDesk desk, Func<JoinDesk, JoinRequest, HttpContext, Task<JoinResponse>> decide) =>
        GuardedAsync(context, desk, async () =>
        {
            var request = await JsonSerializer.DeserializeAsync(context.Request.Body, JoinJson.Default.JoinRequest, context.RequestAborted) ?? throw JoinErrors.Malformed();
            var response = await decide(desk, request, context);
            await context.Response.WriteAsJsonAsync(response, JoinJson.Default.JoinResponse, cancellationToken: context.RequestAborted);
        });

    private static async Task GuardedAsync(HttpContext context, JoinDesk desk, Func<Task> answer)
    {
        try
        {
            await answer();
        }
        catch (JsonException)
        {
            await RefuseAsync(context, JoinErrors.Malformed());
        }
        catch (EngineException refusal)
        {
            var isTheirs = (int)refusal.Code / 1_000 == 1;
            if (!isTheirs)
            {
                desk.LogFailure(refusal);
            }

            await RefuseAsync(context, isTheirs ? refusal : LighthouseErrors.NotReady());
        }
    }

    private static Task RefuseAsync(HttpContext context, EngineException refusal)
    {
        context.Response.StatusCode = (int)refusal.Code / 1_000 == 1 ? StatusCodes.Status403Forbidden : StatusCodes.Status503ServiceUnavailable;
        var message = refusal.Advice;
        return context.Response.WriteAsJsonAsync(
            new JoinRefusal((int)refusal.Code, message), JoinJson.Default.JoinRefusal, contentType: "application/json", cancellationToken: context.RequestAborted);
    }

    private static void AddLogs(ILoggingBuilder logging, LighthouseOptions options)
    {
        logging.SetMinimumLevel(options.MinimumLevel);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.LogFormat == "json")
        {
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            logging.AddSimpleConsole(text => (text.SingleLine, text.UseUtcTimestamp, text.TimestampFormat, text.ColorBehavior) =
                (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ ", LoggerColorBehavior.Disabled));
        }
    }

    /// <summary>Signals are the program's.</summary>
    private sealed class CommandLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>What this Lighthouse shows: issued by the authority it keeps, anew at half its life and when another root signs.</summary>
    private sealed class OwnCertificate(LighthouseOptions options, AuthorityFile file, TimeProvider time)
    {
        private Shown? _shown;

        internal async ValueTask<SslStreamCertificateContext> GetAsync(CancellationToken cancellationToken)
        {
            var authority = await file.ReadAsync(cancellationToken);
            var root = authority.Signing.Certificate.Thumbprint;
            if (Volatile.Read(ref _shown) is { } shown && shown.Root == root && time.GetUtcNow() < shown.RenewAt)
            {
                return shown.Context;
            }

            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(new X500DistinguishedName("CN=lighthouse"), key, HashAlgorithmName.SHA256).CreateSigningRequest();
            using var issued = authority.Issue(new NodeId(options.Name), request, time.GetUtcNow(), CertificateKind.Lighthouse);
            var context = SslStreamCertificateContext.Create(issued.CopyWithPrivateKey(key), additionalCertificates: null, offline: true);
            Volatile.Write(ref _shown, new Shown(context, root, time.GetUtcNow() + (authority.CertificateLifetime / 2)));
            return context;
        }

        private sealed record Shown(SslStreamCertificateContext Context, string Root, DateTimeOffset RenewAt);
    }
}

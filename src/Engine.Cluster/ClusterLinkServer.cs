using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Cluster;

/// <summary>Listens for the other nodes of a cluster and hands what they ask to a handler. Serves nothing else.</summary>
/// <remarks>Thread-safe. Disposal asks callers to go elsewhere, lets running requests end for a while, and closes every connection.</remarks>
public sealed class ClusterLinkServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly IClusterRequestHandler _handler;
    private readonly ClusterIdentity _identity;
    private readonly ClusterLinkServerOptions _options;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<ServedConnection, byte> _connections = new();
    private readonly CancellationTokenSource _ended = new();
    private int _isDisposed;

    private ClusterLinkServer(
        ClusterIdentity identity, IClusterRequestHandler handler, ClusterLinkServerOptions options, ILogger logger)
    {
        (_identity, _handler, _options, _logger) = (identity, handler, options, logger);
        _application = Build();
    }

    /// <summary>Gets where it listens, with the port that was taken.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Listens.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: an option is out of range, or it cannot listen there.</exception>
    public static async Task<ClusterLinkServer> StartAsync(
        ClusterIdentity identity, IClusterRequestHandler handler, ClusterLinkServerOptions options, ILogger? logger = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var server = new ClusterLinkServer(identity, handler, options, logger ?? NullLogger.Instance);
        try
        {
            await server._application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await server._application.DisposeAsync().ConfigureAwait(false);
            throw failure is IOException or System.Net.Sockets.SocketException
                ? LinkErrors.CannotListen(options.Listen.ToString(), failure)
                : failure;
        }

        var bound = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        server.Address = new IPEndPoint(options.Listen.Address, new Uri(bound).Port);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        foreach (var connection in _connections.Keys)
        {
            connection.GoAway();
        }

        using var patience = new CancellationTokenSource(_options.DrainTimeout, _options.TimeProvider);
        await _application.StopAsync(patience.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _ended.Dispose();
    }

    /// <summary>Ends every connection at once, as if the process had ended. Only tests do.</summary>
    internal void Abort() => _ended.Cancel();

    private WebApplication Build()
    {
        // Empty on purpose: no configuration files, no environment variables, no console. What it does is what the options say.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = _options.DrainTimeout);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(Configure);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, WideBlockPools>();
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);     // nothing of the link blocks a thread
        return builder.Build();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxConcurrentConnections = _options.ConnectionCountMax;
        kestrel.Listen(_options.Listen, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;         // never spoken: what is accepted ends below
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(LinkTls.Server(
                    _identity.Current, _options.TimeProvider, Refused)),
            });
            listen.Run(ServeAsync);
        });
    }

    private async Task ServeAsync(ConnectionContext context)
    {
        // The handshake has checked it; this says whose it is. Roots may have been replaced since, so it is asked again.
        var identity = _identity.Current;
        if (Volatile.Read(ref _isDisposed) == 0
            && context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } certificate
            && identity.Trust.Verify(certificate, _options.TimeProvider.GetUtcNow(), out _) is { } caller
            && context.Features.GetRequiredFeature<ISslStreamFeature>().SslStream is var stream
            && stream.NegotiatedApplicationProtocol == LinkTls.Protocol)
        {
            await ServeAsync(context, stream, caller, certificate, identity).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(ConnectionContext context, SslStream stream, NodeId caller, X509Certificate2 certificate, NodeCredentials checkedBy)
    {
        using var connection = new ServedConnection(caller, _handler, _options, _logger);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed, _ended.Token);
        using var expired = ExpireWith(certificate, stop);
        using var replaced = _identity.OnReplaced(() => EndUnlessTrusted(certificate, stop));
        if (_identity.Current != checkedBy)
        {
            EndUnlessTrusted(certificate, stop);        // replaced since the caller was let in
        }

        _connections[connection] = 0;
        LinkMeter.Serving.Add(1);
        string? reason = null;
        try
        {
            if (Volatile.Read(ref _isDisposed) != 0)
            {
                connection.GoAway();
            }

            await connection.RunAsync(stream, stop.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            reason = failure.Message;
        }
        catch (LinkProtocolException broken)
        {
            LinkLog.CallerLost(_logger, caller.Value, broken.Message);
            context.Abort();
            return;
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            LinkMeter.Serving.Add(-1);
        }

        if (reason is not null)
        {
            if (connection.UnansweredCount > 0)
            {
                LinkLog.CallerLost(_logger, caller.Value, reason);
            }

            context.Abort();
        }
    }

    // A caller renews its certificate and its connection long before; one that does not loses both.
    private ITimer ExpireWith(X509Certificate2 certificate, CancellationTokenSource stop)
    {
        var left = certificate.NotAfter.ToUniversalTime() - _options.TimeProvider.GetUtcNow().UtcDateTime;
        var due = left < TimeSpan.Zero ? TimeSpan.Zero : left < TimeSpan.FromDays(30) ? left : Timeout.InfiniteTimeSpan;
        return _options.TimeProvider.CreateTimer(static stop => Cancel((CancellationTokenSource)stop!), stop, due, Timeout.InfiniteTimeSpan);
    }

    private void EndUnlessTrusted(X509Certificate2 certificate, CancellationTokenSource stop)
    {
        if (_identity.Current.Trust.Verify(certificate, _options.TimeProvider.GetUtcNow(), out var refusal) is null)
        {
            Refused(refusal!);
            Cancel(stop);
        }
    }

    private void Refused(string reason)
    {
        LinkMeter.Refused.Add(1);
        LinkLog.CallerRefused(_logger, reason);
    }

    private static void Cancel(CancellationTokenSource stop)
    {
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended by itself.
        }
    }

    /// <summary>The process belongs to whoever runs the engine: its signals are not the link's.</summary>
    private sealed class EmbeddedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

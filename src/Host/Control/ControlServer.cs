using System.Net.Sockets;
using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Host.Configuration;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Kyberium.Host.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Control;

/// <summary>Serves a node's operations over its Unix socket: HTTP/1.1 with JSON. docs/formats/control-socket.md.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly NodeConfiguration _configuration;
    private readonly Node _node;
    private readonly ILogger _logger;
    private readonly WebApplication _application;
    private readonly Dictionary<string, NodeOperation> _operations =
        NodeOperations.All.ToDictionary(operation => ControlProtocol.Prefix + operation.Name, StringComparer.Ordinal);

    private ControlServer(Node node, NodeConfiguration configuration, string path, ILoggerFactory loggers)
    {
        _node = node;
        _configuration = configuration;
        _logger = loggers.CreateLogger<ControlServer>();
        SocketPath = path;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = Bind);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        _application = builder.Build();
        _application.Run(AnswerAsync);
    }

    internal string SocketPath { get; }

    /// <summary>Starts to listen. The data directory is this process's own, so a socket that lies there is a dead one.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.DataDirectoryReadOnly"/>: the socket cannot be made.</exception>
    internal static async Task<ControlServer> StartAsync(
        Node node, NodeConfiguration configuration, IReadOnlyDictionary<string, string> variables, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var path = configuration.DataDirectory;
        try
        {
            path = ControlSocket.Place(configuration, variables);
            var server = new ControlServer(node, configuration, path, loggers);
            await server._application.StartAsync(cancellationToken);
            return server;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
        {
            throw HostErrors.SocketUnusable(path, failure);
        }
    }

    /// <summary>Ends streams, waits for requests in progress, then closes and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(_configuration.Host.DrainTimeout);
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
        ControlSocket.Remove(_configuration, SocketPath);
    }

    // Nobody can connect before Kestrel listens, so nobody meets the socket with a mode other than this one.
    private static Socket Bind(System.Net.EndPoint endpoint)
    {
        var path = endpoint.ToString()!;
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endpoint);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = _configuration.Host.ControlRequestBytesMax;
        options.Limits.MaxConcurrentConnections = _configuration.Host.ControlConnectionsMax;
        options.Limits.MinResponseDataRate = null;      // a receiver may take its time: it is who is served
        options.ListenUnixSocket(SocketPath, listen => listen.Protocols = HttpProtocols.Http1);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (context.Request.Path == ControlProtocol.ReceivePath && HttpMethods.IsGet(context.Request.Method))
            {
                await StreamAsync(context);
            }
            else if (_operations.TryGetValue(context.Request.Path.Value ?? "", out var operation) && HttpMethods.IsPost(context.Request.Method))
            {
                await RunAsync(context, operation);
            }
            else
            {
                throw HostErrors.Invalid($"'{context.Request.Method} {context.Request.Path}' is no control request; see docs/formats/control-socket.md");
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();        // nobody is there to be answered
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            var known = Explain(failure);
            context.Response.StatusCode = ControlProtocol.StatusOf(known.Code);
            await context.Response.WriteAsJsonAsync(ControlProtocol.ProblemOf(known), DocumentJson.Compact);
        }
    }

    private async Task RunAsync(HttpContext context, NodeOperation operation)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var reply = await operation.AnswerAsync(
            _node, body.GetBuffer().AsMemory(0, (int)body.Length), CallerOf(context), context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = reply.Length;
        await context.Response.Body.WriteAsync(reply, context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context)
    {
        var query = context.Request.Query;
        long? countMax = null;
        if (query.TryGetValue("count", out var text))
        {
            countMax = long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var count)
                ? count : throw HostErrors.Invalid($"count is '{text}'; it must be a whole number");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _application.Lifetime.ApplicationStopping);
        await using var messages = _node.ReceiveAsync(countMax, query["wait"] == "true", ending.Token).GetAsyncEnumerator(ending.Token);
        ControlLine? last = null;
        try
        {
            while (await messages.MoveNextAsync())
            {
                await WriteLineAsync(context, new ControlLine(Message: messages.Current), ending.Token);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            last = new ControlLine(Problem: ControlProtocol.ProblemOf(HostErrors.NodeStopping()));
        }
        catch (Exception failure) when (context.Response.HasStarted && failure is not OperationCanceledException)
        {
            last = new ControlLine(Problem: ControlProtocol.ProblemOf(Explain(failure)));
        }

        if (last is not null)
        {
            await WriteLineAsync(context, last, context.RequestAborted);
        }
    }

    private static async Task WriteLineAsync(HttpContext context, ControlLine line, CancellationToken cancellationToken)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/x-ndjson";
        }

        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, DocumentJson.Compact), (byte)'\n'];
        await context.Response.Body.WriteAsync(bytes, cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }

    private static CallerContext CallerOf(HttpContext context)
    {
        var actor = context.Request.Headers[ControlProtocol.ActorHeader].ToString();
        return actor.Length <= ControlProtocol.ActorLengthMax
            ? new CallerContext(Actor: actor.Length == 0 ? "operator" : actor)
            : throw HostErrors.Invalid($"{ControlProtocol.ActorHeader} is longer than {ControlProtocol.ActorLengthMax} characters");
    }

    private EngineException Explain(Exception failure)
    {
        switch (failure)
        {
            case EngineException known:
                return known;
            case JsonException malformed:
                return HostErrors.Invalid($"the request is not the JSON that this operation takes ({malformed.Message})");
            case Microsoft.AspNetCore.Http.BadHttpRequestException refused:
                return HostErrors.Invalid($"the request was refused ({refused.Message}); kyberium.host.control-request-bytes-max bounds it");
            default:
                HostLog.ControlFailed(_logger, failure);
                return HostErrors.Defect(failure);
        }
    }
}

using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Kyberium.Engine;
using Kyberium.Host.Configuration;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Control;

/// <summary>A node that runs in another process, reached over its Unix socket.</summary>
internal sealed class ControlClient : INode
{
    private readonly HttpClient _http;

    private ControlClient(string path)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, stop) => new NetworkStream(await ConnectAsync(path, stop), ownsSocket: true),
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://kyberium"), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.TryAddWithoutValidation(ControlProtocol.ActorHeader, Environment.UserName);
    }

    public bool IsRemote => true;

    /// <summary>Connects to the node that runs on the data directory; null when none does.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.DataDirectoryReadOnly"/>: its socket may not be used by this user.</exception>
    internal static async Task<ControlClient?> TryConnectAsync(NodeConfiguration configuration, CancellationToken cancellationToken)
    {
        if (ControlSocket.Find(configuration) is not { } path)
        {
            return null;
        }

        try
        {
            (await ConnectAsync(path, cancellationToken)).Dispose();
            return new ControlClient(path);
        }
        catch (SocketException refused) when (refused.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return null;        // left by a node that was killed
        }
        catch (SocketException failure)
        {
            throw HostErrors.SocketUnusable(path, failure);
        }
    }

    public async Task<TReply> AskAsync<TRequest, TReply>(
        NodeOperation<TRequest, TReply> operation, TRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, DocumentJson.Compact));
            using var response = await _http.PostAsync(
                new Uri(ControlProtocol.Prefix + operation.Name, UriKind.Relative), content, cancellationToken);
            await ThrowIfFailedAsync(response, cancellationToken);
            return await response.Content.ReadFromJsonAsync<TReply>(DocumentJson.Compact, cancellationToken)
                ?? throw HostErrors.ReplyUnreadable("it is null");
        }
        catch (HttpRequestException gone)
        {
            throw HostErrors.NodeGone(gone);
        }
        catch (JsonException unreadable)
        {
            throw HostErrors.ReplyUnreadable(unreadable.Message);
        }
    }

    public async IAsyncEnumerable<MessageDocument> ReceiveAsync(
        long? countMax, bool waits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = ControlProtocol.ReceivePath + (waits ? "?wait=true" : "?wait=false") + (countMax is { } count ? $"&count={count}" : "");
        using var response = await OpenStreamAsync(path, cancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await ReadLineAsync(lines, cancellationToken) is { } line)
        {
            yield return line.Message ?? throw (line.Problem is { } problem
                ? ControlProtocol.FailureOf(problem)
                : HostErrors.ReplyUnreadable("a line with neither message nor problem"));
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task ThrowIfFailedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var problem = await response.Content.ReadFromJsonAsync<ProblemDocument>(DocumentJson.Compact, cancellationToken);
            throw problem is null ? HostErrors.ReplyUnreadable($"status {(int)response.StatusCode}") : ControlProtocol.FailureOf(problem);
        }
    }

    private static async Task<ControlLine?> ReadLineAsync(StreamReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadLineAsync(cancellationToken) is { } text
                ? JsonSerializer.Deserialize<ControlLine>(text, DocumentJson.Compact)
                : null;
        }
        catch (IOException gone)
        {
            throw HostErrors.NodeGone(gone);
        }
        catch (JsonException unreadable)
        {
            throw HostErrors.ReplyUnreadable(unreadable.Message);
        }
    }

    private async Task<HttpResponseMessage> OpenStreamAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var response = await _http.GetAsync(
                new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await ThrowIfFailedAsync(response, cancellationToken);
            return response;
        }
        catch (HttpRequestException gone)
        {
            throw HostErrors.NodeGone(gone);
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Links;

/// <summary>One connection to a node: one request over HTTP/2 whose body carries what is asked and whose response carries the answers.</summary>
/// <remarks>It has an HTTP handler of its own, so that ending it ends the TCP connection too, and no pool keeps a dead one.</remarks>
internal sealed class LinkConnection : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly Body _body;
    private readonly CancellationTokenSource _ended = new();
    private readonly FrameIntake _intake = new(countsPayloads: false);
    private Stream _answers = Stream.Null;
    private int _isEnded;

    private LinkConnection(HttpMessageInvoker http) => (_http, _body) = (http, new Body(this));

    /// <summary>Gets what may be sent and what answers mean; its link's lock protects it.</summary>
    internal OutgoingConnection State { get; } = new();

    /// <summary>Wakes the loop that writes.</summary>
    internal WakeSignal Wake { get; } = new();

    /// <summary>Connects and waits until the other side has granted something.</summary>
    /// <exception cref="HttpRequestException">No connection, or not to this node.</exception>
    /// <exception cref="IOException">The connection was lost.</exception>
    /// <exception cref="LinkProtocolException">Something else answers there.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or the link was closed.</exception>
    internal static async Task<LinkConnection> OpenAsync(
        DnsEndPoint address, NodeId target, NodeCredentials credentials, ClusterLinkOptions options, Action<string> refused,
        CancellationToken cancellationToken)
    {
        var connection = new LinkConnection(new HttpMessageInvoker(Handler(target, credentials, options, refused)));
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await connection.ConnectAsync(address, both.Token).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Writes what <paramref name="fill"/> gives, whenever woken, and reads answers for <paramref name="take"/>, until the connection ends.</summary>
    /// <param name="fill">Writes what goes out next; returns whether that was anything.</param>
    /// <param name="take">Takes the items of one frame; returns whether the connection has nothing left to do.</param>
    internal async Task RunAsync(Func<FrameWriter, bool> fill, Func<ReadOnlyMemory<byte>, bool> take)
    {
        _body.Fill.SetResult(fill);
        while (true)
        {
            while (_intake.TryTake(out var items) is var reading && reading != Reading.Nothing)
            {
                if (reading == Reading.Malformed)
                {
                    throw new LinkProtocolException("a malformed frame");
                }

                if (take(items))
                {
                    return;
                }
            }

            var count = await _answers.ReadAsync(_intake.Room(), _ended.Token).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            LinkMeter.Received.Add(count);
            _intake.Advance(count);
        }
    }

    /// <summary>Ends the connection at once; what waits on it fails.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0)
        {
            _ended.Cancel();
            _http.Dispose();
        }
    }

    private static SocketsHttpHandler Handler(NodeId target, NodeCredentials credentials, ClusterLinkOptions options, Action<string> refused) => new()
    {
        EnableMultipleHttp2Connections = false,
        ConnectTimeout = options.ConnectTimeout,
        KeepAlivePingDelay = options.KeepAliveDelay,
        KeepAlivePingTimeout = options.KeepAliveTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        InitialHttp2StreamWindowSize = 1 << 20,
        MaxResponseHeadersLength = 16,                      // KiB
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        SslOptions = LinkTls.Client(credentials, target, options.TimeProvider, refused),
    };

    private async Task ConnectAsync(DnsEndPoint address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new UriBuilder("https", address.Host, address.Port, FrameFormat.Path).Uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = _body,
        };
        // The token given here would end the request's body whenever it is cancelled, also long after: the connection's own does that.
        using var giveUp = cancellationToken.UnsafeRegister(static connection => ((LinkConnection)connection!).Dispose(), this);
        var response = await _http.SendAsync(request, _ended.Token).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentType?.MediaType != FrameFormat.ContentType)
        {
            throw new LinkProtocolException($"the answer is HTTP status {(int)response.StatusCode} and no link");
        }

        _answers = await response.Content.ReadAsStreamAsync(_ended.Token).ConfigureAwait(false);
        while (true)
        {
            var count = await _answers.ReadAsync(_intake.Room(), _ended.Token).ConfigureAwait(false);
            if (count == 0)
            {
                throw new IOException("the other side ended the link before it began");
            }

            LinkMeter.Received.Add(count);
            _intake.Advance(count);
            switch (_intake.TryTake(out var items))
            {
                case Reading.Whole:
                    State.Welcome(ReadWelcome(items.Span));
                    return;
                case Reading.Malformed:
                    throw new LinkProtocolException("a malformed frame");
                default:
                    break;
            }
        }
    }

    private static LinkGrant ReadWelcome(ReadOnlySpan<byte> items)
    {
        var reader = new FrameReader(items);
        return reader.TryNext(out var item) == Reading.Whole && item.Kind == ItemKind.Welcome && item.ProtocolVersion == FrameFormat.Version
            && reader.TryNext(out _) == Reading.Nothing
            ? item.Grant
            : throw new LinkProtocolException("no welcome at the beginning, or of another version");
    }

    /// <summary>The request's body: the loop that writes runs in here.</summary>
    private sealed class Body : HttpContent
    {
        private readonly LinkConnection _connection;

        internal Body(LinkConnection connection)
        {
            _connection = connection;
            Headers.ContentType = new MediaTypeHeaderValue(FrameFormat.ContentType);
        }

        internal TaskCompletionSource<Func<FrameWriter, bool>> Fill { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _connection._ended.Token);
            await WriteAsync(stream, ended.Token).ConfigureAwait(false);
        }

        private async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
        {
            using var writer = new FrameWriter();
            writer.Hello();
            await WriteAsync(stream, writer, cancellationToken).ConfigureAwait(false);
            var fill = await Fill.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (true)
            {
                while (fill(writer))
                {
                    await WriteAsync(stream, writer, cancellationToken).ConfigureAwait(false);
                }

                await _connection.Wake.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        private static async ValueTask WriteAsync(Stream stream, FrameWriter writer, CancellationToken cancellationToken)
        {
            var frame = writer.Finish();
            LinkMeter.Sent.Add(frame.Length);
            await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            writer.Clear();
        }
    }
}

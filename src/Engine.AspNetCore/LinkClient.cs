using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Security;

namespace Kyberium.Engine.AspNetCore;

/// <summary>The sending side: posts batches over one multiplexed HTTP/2 connection per address.</summary>
internal sealed class LinkClient : IDisposable
{
    private const int WindowBytes = 1 << 20;

    private readonly HttpPeerLinkOptions _options;
    private readonly HttpMessageInvoker _http;
    private int _disposed;

    internal LinkClient(HttpPeerLinkOptions options)
    {
        _options = options;
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = false,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),      // finds a peer that vanished without closing
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = WindowBytes,
            MaxResponseHeadersLength = 16,                      // KiB
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,                   // trace ids of this side are not the link's to tell
        };
        if (LinkCertificates.Trust(options) is { } policy)
        {
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>Says whether an address has the form of a link: http or https, a host, perhaps a port and a base path.</summary>
    internal static bool CanReach(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;

    /// <summary>Posts envelopes in order, in as few requests as the limit allows.</summary>
    /// <param name="wait">How long the other side may wait, after the last of them, for what it has for this one;
    /// <see langword="null"/>: nothing is asked for.</param>
    internal async Task<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan? wait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(envelopes);
        if (Volatile.Read(ref _disposed) != 0)
        {
            throw LinkErrors.Closed();
        }

        var target = new Uri(address.TrimEnd('/') + LinkFormat.EnvelopesPath);
        var returned = new List<ReadOnlyMemory<byte>>();
        for (var first = 0; first < envelopes.Count;)
        {
            var count = CountThatFits(envelopes, first);
            var isLast = first + count == envelopes.Count;
            await PostAsync(address, target, envelopes, first, count, isLast ? wait : null, returned, cancellationToken).ConfigureAwait(false);
            first += count;
        }

        return returned;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _http.Dispose();
        }
    }

    private int CountThatFits(IReadOnlyList<ReadOnlyMemory<byte>> envelopes, int first)
    {
        long bytes = 0;
        var index = first;
        for (; index < envelopes.Count; index++)
        {
            var length = envelopes[index].Length;
            if (length is < LinkFormat.EnvelopeLengthMin or > LinkFormat.EnvelopeLengthMax)
            {
                throw LinkErrors.EnvelopeTooLarge(length);
            }

            bytes += LinkFormat.SizeOf(envelopes[index]);
            if (bytes > _options.RequestBytesMax)
            {
                break;
            }
        }

        return index - first;       // at least one: the largest envelope is smaller than the smallest limit
    }

    private async Task PostAsync(
        string address, Uri target, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, int first, int count, TimeSpan? wait,
        List<ReadOnlyMemory<byte>> returned, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.RequestTimeout + (wait ?? TimeSpan.Zero));
        using var request = new HttpRequestMessage(HttpMethod.Post, target)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new EnvelopesContent(envelopes, first, count),
        };
        if (wait is { } patience)
        {
            var millis = Math.Min((long)patience.TotalMilliseconds, LinkFormat.WaitMillisMax);
            request.Headers.Add(LinkFormat.WaitHeader, millis.ToString(CultureInfo.InvariantCulture));
        }

        try
        {
            using var response = await _http.SendAsync(request, timeout.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw LinkErrors.Refused(address, (int)response.StatusCode);
            }

            if (response.Content.Headers.ContentType?.MediaType != LinkFormat.ContentType)
            {
                throw LinkErrors.NotALink(address, "with another content type");
            }

            var bytesMax = wait is null ? _options.ResponseBytesMax : Math.Max(_options.ResponseBytesMax, LinkFormat.CollectedBytesMax);
            await ReadAsync(address, response.Content, bytesMax, returned, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Volatile.Read(ref _disposed) != 0 ? LinkErrors.Closed() : LinkErrors.TimedOut(address, _options.RequestTimeout);
        }
        catch (ObjectDisposedException)
        {
            throw LinkErrors.Closed();
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw LinkErrors.Unreachable(address, failure);
        }
    }

    private static async Task ReadAsync(
        string address, HttpContent content, int bytesMax, List<ReadOnlyMemory<byte>> returned, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(address, content, bytesMax, cancellationToken).ConfigureAwait(false);
        var rest = new ReadOnlySequence<byte>(body);
        while (LinkFormat.TryTake(ref rest, out var envelope) == LinkFormat.Taken.Envelope)
        {
            returned.Add(envelope.First);       // the body is this call's own array
        }

        if (!rest.IsEmpty)
        {
            throw LinkErrors.NotALink(address, "a malformed body");
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(
        string address, HttpContent content, int bytesMax, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength == 0)
        {
            return default;
        }

        if (content.Headers.ContentLength > bytesMax)
        {
            throw LinkErrors.NotALink(address, "more than a response may have");
        }

        using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await stream.ReadAsync(body.GetMemory(4_096), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return body.WrittenMemory;
            }

            body.Advance(read);
            if (body.WrittenCount > bytesMax)
            {
                throw LinkErrors.NotALink(address, "more than a response may have");
            }
        }
    }
}

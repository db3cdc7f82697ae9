using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Links;

/// <summary>One connection to a node: frames of what is asked one way, of answers the other, over TLS.</summary>
internal sealed class LinkConnection : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly FrameIntake _intake = new(countsPayloads: false);
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly ClusterLinkOptions _options;
    private Stream _stream = Stream.Null;
    private int _isEnded;

    private LinkConnection(ClusterLinkOptions options) => _options = options;

    /// <summary>Gets what may be sent and what answers mean; its link's lock protects it.</summary>
    internal OutgoingConnection State { get; } = new();

    /// <summary>Wakes the loop that writes.</summary>
    internal WakeSignal Wake { get; } = new();

    /// <summary>Connects and waits until the other side has granted something.</summary>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">Not to this node.</exception>
    /// <exception cref="IOException">The connection was lost.</exception>
    /// <exception cref="LinkProtocolException">Something else answers there.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or the link was closed.</exception>
    internal static async Task<LinkConnection> OpenAsync(
        DnsEndPoint address, NodeId target, NodeCredentials credentials, ClusterLinkOptions options, Action<string> refused,
        CancellationToken cancellationToken)
    {
        var connection = new LinkConnection(options);
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await connection.ConnectAsync(address, LinkTls.Client(credentials, target, address.Host, options.TimeProvider, refused), both.Token).ConfigureAwait(false);
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
    /// <param name="ask">Has the other side asked whether it is there.</param>
    internal async Task RunAsync(Func<FrameWriter, bool> fill, Func<ReadOnlyMemory<byte>, bool> take, Action ask)
    {
        using var pulse = new Pulse(_options.TimeProvider, _options.KeepAliveDelay, _options.KeepAliveTimeout, ask, Dispose);
        var (reading, writing) = (ReadAsync(take, pulse), WriteAsync(fill));
        var first = await Task.WhenAny(reading, writing).ConfigureAwait(false);
        Dispose();
        await Task.WhenAll(reading, writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);      // what ended one, ended the other
    }

    /// <summary>Ends the connection at once; what waits on it fails.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0)
        {
            _ended.Cancel();
            _stream.Dispose();
            _socket.Dispose();
        }
    }

    private async Task ConnectAsync(DnsEndPoint address, SslClientAuthenticationOptions tls, CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        var stream = new SslStream(new NetworkStream(_socket, ownsSocket: false));
        _stream = stream;
        await stream.AuthenticateAsClientAsync(tls, cancellationToken).ConfigureAwait(false);
        if (stream.NegotiatedApplicationProtocol != LinkTls.Protocol)
        {
            throw new LinkProtocolException("what answers there speaks no cluster link");
        }

        using var writer = new FrameWriter();
        writer.Hello();
        await WriteAsync(writer, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var count = await _stream.ReadAsync(_intake.Room(), cancellationToken).ConfigureAwait(false);
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

    private async Task ReadAsync(Func<ReadOnlyMemory<byte>, bool> take, Pulse pulse)
    {
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

            var count = await _stream.ReadAsync(_intake.Room(), _ended.Token).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            pulse.Heard();
            LinkMeter.Received.Add(count);
            _intake.Advance(count);
        }
    }

    private async Task WriteAsync(Func<FrameWriter, bool> fill)
    {
        using var writer = new FrameWriter();
        while (true)
        {
            while (fill(writer))
            {
                await WriteAsync(writer, _ended.Token).ConfigureAwait(false);
            }

            await Wake.WaitAsync(_ended.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask WriteAsync(FrameWriter writer, CancellationToken cancellationToken)
    {
        var frames = writer.Finish();
        LinkMeter.Sent.Add(frames.Length);
        await _stream.WriteAsync(frames, cancellationToken).ConfigureAwait(false);
        writer.Clear();
    }

    private static LinkGrant ReadWelcome(ReadOnlySpan<byte> items)
    {
        var reader = new FrameReader(items);
        return reader.TryNext(out var item) == Reading.Whole && item.Kind == ItemKind.Welcome && item.ProtocolVersion == FrameFormat.Version
            && reader.TryNext(out _) == Reading.Nothing
            ? item.Grant
            : throw new LinkProtocolException("no welcome at the beginning, or of another version");
    }
}

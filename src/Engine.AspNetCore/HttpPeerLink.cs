namespace Kyberium.Engine.AspNetCore;

/// <summary>A link over HTTP/2 that runs its own small server: for processes that are not web applications themselves.</summary>
/// <remarks>
/// <para>Reaches <c>http://</c> (HTTP/2 without TLS) and <c>https://</c> addresses, over one connection per address. Plain HTTP/2 gives
/// nothing away but who talks to whom and how much: envelopes are sealed by the engine.</para>
/// <para>One link serves one engine once. A web application maps the same endpoints into its own server with
/// <see cref="KyberiumLinkEndpoints.MapKyberiumLink"/> and adds a link that does not listen for sending. Thread-safe.</para>
/// </remarks>
public sealed class HttpPeerLink : IPeerLink
{
    private readonly HttpPeerLinkOptions _options;
    private readonly LinkClient _client;
    private LinkServer? _server;
    private int _started;
    private int _disposed;

    /// <summary>Prepares a link; it listens once the engine starts it.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    public HttpPeerLink(HttpPeerLinkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _client = new LinkClient(options);
    }

    /// <summary>Gets the address it listens at, with the port that was taken; <see langword="null"/> before it was started and when it
    /// only sends.</summary>
    public string? ListenAddress => Volatile.Read(ref _server)?.Address;

    /// <inheritdoc/>
    public bool CanReach(string address) => LinkClient.CanReach(address);

    /// <inheritdoc/>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PeerUnreachable"/>: no connection, no answer in time, or not the
    /// answer of a link; <see cref="EngineErrorCode.PayloadTooLarge"/>: not an envelope's size.</exception>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) =>
        new(_client.SendAsync(address, envelopes, wait: null, cancellationToken));

    /// <inheritdoc/>
    public bool Collects => _options.Collects;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ExchangeAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan wait, CancellationToken cancellationToken = default) =>
        new(_client.SendAsync(address, envelopes, wait, cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>: it cannot listen there.</exception>
    public async ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("The link was started before; each engine needs a link of its own.");
        }

        if (_options.ParseListen() is { } endpoint)
        {
            Volatile.Write(
                ref _server, await LinkServer.StartAsync(_options, endpoint, receiver, cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Stops listening, lets requests that are being served finish for a moment, and closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (Interlocked.Exchange(ref _server, null) is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        _client.Dispose();
    }
}

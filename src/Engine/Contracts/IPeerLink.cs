namespace Kyberium.Engine;

/// <summary>Carries sealed envelopes to peers. Untrusted: it may lose, repeat, delay and reorder, and learns nothing.</summary>
/// <remarks>One link serves many peers and addresses; an engine asks the first of its links that says it can reach an address.
/// Calls come from several threads at once.</remarks>
public interface IPeerLink : IAsyncDisposable
{
    /// <summary>Says whether this link understands an address, by its form alone.</summary>
    bool CanReach(string address);

    /// <summary>Hands a batch of envelopes to the peer at an address. Completes when the other side has them, or may have.</summary>
    /// <param name="address">Where the peer listens, e.g. <c>https://host:port</c>.</param>
    /// <param name="envelopes">Whole envelopes in order; valid until the call completes.</param>
    /// <returns>Envelopes that the other side handed back at once; mostly none.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PeerUnreachable"/>: not delivered; another address may do.</exception>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default);

    /// <summary>Gets whether peers cannot call this side over this link, so that its own calls have to bring back what waits for
    /// it. The engine then keeps a session with every peer that it reaches over the link, and a call open to it.</summary>
    bool Collects => false;

    /// <summary>Hands a batch over as <see cref="SendAsync"/> does and brings back what the other side has for this one. Called only where
    /// <see cref="Collects"/>.</summary>
    /// <param name="address">Where the peer listens.</param>
    /// <param name="envelopes">Whole envelopes in order; valid until the call completes.</param>
    /// <param name="wait">How long the other side may wait for something to hand back.</param>
    /// <returns>Envelopes for this side, from whichever peer; nothing when there was none in time.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PeerUnreachable"/>: perhaps not delivered.</exception>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ExchangeAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan wait, CancellationToken cancellationToken = default) =>
        SendAsync(address, envelopes, cancellationToken);

    /// <summary>Starts to take envelopes in.</summary>
    /// <param name="receiver">Where they go.</param>
    ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default);
}

/// <summary>The engine's side of a link: takes what arrived.</summary>
public interface IPeerLinkReceiver
{
    /// <summary>Takes one envelope. Completes when there is room for the next: that is the backpressure.</summary>
    /// <returns>An envelope to hand back to the same source at once, or empty. It says nothing of what came of this one.</returns>
    /// <param name="envelope">A whole envelope; copied where it is kept.</param>
    /// <param name="source">Where it came from, as far as the transport knows: bounds of half-open handshakes count by it.</param>
    ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(ReadOnlyMemory<byte> envelope, string source, CancellationToken cancellationToken = default);

    /// <summary>Begins an exchange with whoever calls: what arrives by it decides for whom what waits may go back.</summary>
    /// <param name="source">Where the call came from, as far as the transport knows.</param>
    ILinkExchange BeginExchange(string source) => new OneWayExchange(this, source);
}

/// <summary>One call of a peer that cannot be called itself: takes envelopes in, and gives back what waits for that peer.</summary>
/// <remarks>A peer's envelopes are given to a call that brought a new, authentic record of it, and to no other: see decision 0012.
/// One thread at a time.</remarks>
public interface ILinkExchange : IDisposable
{
    /// <summary>Takes one envelope in, as <see cref="IPeerLinkReceiver.AcceptEnvelopeAsync"/> does.</summary>
    ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default);

    /// <summary>Waits until something waits for the peer that calls, and takes it.</summary>
    /// <param name="bytesMax">How many bytes may be taken; at least one envelope is.</param>
    /// <param name="wait">How long to wait; nothing at the end of it.</param>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectAsync(int bytesMax, TimeSpan wait, CancellationToken cancellationToken = default);
}

/// <summary>An exchange with a receiver that gives nothing back.</summary>
internal sealed class OneWayExchange(IPeerLinkReceiver receiver, string source) : ILinkExchange
{
    public ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default) =>
        receiver.AcceptEnvelopeAsync(envelope, source, cancellationToken);

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectAsync(
        int bytesMax, TimeSpan wait, CancellationToken cancellationToken = default) => new([]);

    public void Dispose()
    {
    }
}

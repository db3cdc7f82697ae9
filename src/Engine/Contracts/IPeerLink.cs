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
}

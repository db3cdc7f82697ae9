namespace Kyberium.Engine;

/// <summary>An identity of this engine, as it may be shown.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fingerprint">The fingerprint peers pin; of the newest keys while they are being replaced.</param>
/// <param name="PublicDocument">What to give to peers.</param>
/// <param name="Suites">The suites its keys serve.</param>
/// <param name="PreviousFingerprint">The fingerprint still answered while it is being replaced.</param>
public sealed record IdentityInfo(
    IdentityName Name, Fingerprint Fingerprint, ReadOnlyMemory<byte> PublicDocument, IReadOnlyList<Suite> Suites,
    Fingerprint? PreviousFingerprint);

/// <summary>Whether a peer may be talked to.</summary>
public enum PeerStatus
{
    /// <summary>Everything goes.</summary>
    Active = 0,

    /// <summary>An operator stopped it: no session, nothing sent or accepted; its queue is kept.</summary>
    Suspended = 1,

    /// <summary>It came back without its state and policy holds queued messages until an operator agrees.</summary>
    Held = 2,
}

/// <summary>A peer, as it may be shown. No secret.</summary>
public sealed record PeerInfo
{
    /// <summary>Gets the identity that knows it.</summary>
    public required IdentityName Identity { get; init; }

    /// <summary>Gets its name.</summary>
    public required PeerId Peer { get; init; }

    /// <summary>Gets whether it may be talked to.</summary>
    public required PeerStatus Status { get; init; }

    /// <summary>Gets the fingerprints pinned, oldest first.</summary>
    public required IReadOnlyList<Fingerprint> Pins { get; init; }

    /// <summary>Gets where it listens, preferred first.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Gets the template whose values were frozen for it.</summary>
    public required string Template { get; init; }

    /// <summary>Gets the id of the session that sends; empty when there is none.</summary>
    public required string Session { get; init; }

    /// <summary>Gets the suite of that session.</summary>
    public required Suite? Suite { get; init; }

    /// <summary>Gets its epoch: the count of completed rekeys.</summary>
    public required uint Epoch { get; init; }

    /// <summary>Gets the messages waiting for the peer's acknowledgement.</summary>
    public required int OutboxCount { get; init; }

    /// <summary>Gets the number the next message to the peer will have.</summary>
    public required ulong NextNumber { get; init; }

    /// <summary>Gets the messages waiting to be handled here, those set aside included.</summary>
    public required int InboxCount { get; init; }

    /// <summary>Gets the messages whose handler kept failing.</summary>
    public required int SetAsideCount { get; init; }

    /// <summary>Gets the highest number accepted from the peer.</summary>
    public required ulong AcceptedThrough { get; init; }

    /// <summary>Gets why sending stands still; empty when it does not.</summary>
    public required string OutgoingStopped { get; init; }

    /// <summary>Gets why accepting stands still; empty when it does not.</summary>
    public required string IncomingStopped { get; init; }
}

/// <summary>What a new peer is known by.</summary>
public sealed record NewPeer
{
    /// <summary>Gets the name it will have.</summary>
    public required PeerId Peer { get; init; }

    /// <summary>Gets its public document, as <c>identity show</c> prints it or as bytes.</summary>
    public required ReadOnlyMemory<byte> PublicDocument { get; init; }

    /// <summary>Gets the identity that will know it.</summary>
    public IdentityName Identity { get; init; } = IdentityName.Default;

    /// <summary>Gets where it listens, preferred first; empty when it always calls. At most 64 addresses of at most 2,048 bytes each, as UTF-8.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Gets the template whose values are frozen for it; <see langword="null"/>: the engine's default.</summary>
    public string? Template { get; init; }
}

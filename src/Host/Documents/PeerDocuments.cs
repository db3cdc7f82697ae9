using Kyberium.Engine;

namespace Kyberium.Host.Documents;

/// <summary>A peer, without secrets.</summary>
internal sealed record PeerDocument
{
    /// <summary>Gets the identity that knows it.</summary>
    public required string Identity { get; init; }

    /// <summary>Gets its name.</summary>
    public required string Peer { get; init; }

    /// <summary>Gets whether it may be talked to.</summary>
    public required PeerStatus Status { get; init; }

    /// <summary>Gets the fingerprints pinned, oldest first.</summary>
    public required IReadOnlyList<string> Pins { get; init; }

    /// <summary>Gets where it listens, preferred first.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Gets the template whose values were frozen for it, and that template's version.</summary>
    public required string Template { get; init; }

    /// <summary>Gets the id of the session that sends; nothing when there is none.</summary>
    public string? Session { get; init; }

    /// <summary>Gets the suite of that session.</summary>
    public string? Suite { get; init; }

    /// <summary>Gets its epoch: the count of completed rekeys.</summary>
    public required uint Epoch { get; init; }

    /// <summary>Gets how many messages wait for the peer's acknowledgement.</summary>
    public required int OutboxCount { get; init; }

    /// <summary>Gets the number the next message to the peer will have.</summary>
    public required ulong NextNumber { get; init; }

    /// <summary>Gets how many messages wait to be handled here, those set aside included.</summary>
    public required int InboxCount { get; init; }

    /// <summary>Gets how many messages were set aside since their handler kept failing.</summary>
    public required int SetAsideCount { get; init; }

    /// <summary>Gets the highest number accepted from the peer.</summary>
    public required ulong AcceptedThrough { get; init; }

    /// <summary>Gets why sending stands still; nothing when it does not.</summary>
    public string? OutgoingStopped { get; init; }

    /// <summary>Gets why accepting stands still; nothing when it does not.</summary>
    public string? IncomingStopped { get; init; }

    internal static PeerDocument Of(PeerInfo info) => new()
    {
        Identity = info.Identity.Value,
        Peer = info.Peer.Value,
        Status = info.Status,
        Pins = [.. info.Pins.Select(pin => pin.ToString())],
        Addresses = info.Addresses,
        Template = info.Template,
        Session = NullIfEmpty(info.Session),
        Suite = info.Suite is { } suite ? IdentityDocument.NameOf(suite) : null,
        Epoch = info.Epoch,
        OutboxCount = info.OutboxCount,
        NextNumber = info.NextNumber,
        InboxCount = info.InboxCount,
        SetAsideCount = info.SetAsideCount,
        AcceptedThrough = info.AcceptedThrough,
        OutgoingStopped = NullIfEmpty(info.OutgoingStopped),
        IncomingStopped = NullIfEmpty(info.IncomingStopped),
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

/// <summary>Names a peer as an identity knows it.</summary>
internal sealed record PeerReference(string Identity, string Peer);

/// <summary>The peers of a node.</summary>
internal sealed record PeerList(IReadOnlyList<PeerReference> Peers);

/// <summary>Asks to pin a peer.</summary>
/// <param name="Identity">The identity that will know it.</param>
/// <param name="Peer">The name it will have.</param>
/// <param name="Document">Its public document's canonical bytes.</param>
/// <param name="Addresses">Where it listens, preferred first.</param>
/// <param name="Template">The template whose values are frozen for it; nothing: the node's default.</param>
internal sealed record PeerAddition(string Identity, string Peer, byte[] Document, IReadOnlyList<string> Addresses, string? Template = null);

/// <summary>Asks to pin a second document of a peer.</summary>
internal sealed record PeerPin(string Identity, string Peer, byte[] Document);

/// <summary>Says where a peer listens.</summary>
internal sealed record PeerAddresses(string Identity, string Peer, IReadOnlyList<string> Addresses);

/// <summary>Asks for new delivery streams.</summary>
internal sealed record StreamReset(string Identity, string Peer, bool Outgoing, bool Incoming);

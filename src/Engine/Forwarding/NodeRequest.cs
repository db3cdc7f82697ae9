using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Forwarding;

/// <summary>What one node asks of the node that has the shard. docs/formats/node-requests.md.</summary>
internal abstract record NodeRequest
{
    /// <summary>Gets whether asking again after an answer that did not come does no harm: the shard knows the operation, or does the same once more.</summary>
    internal virtual bool IsRepeatable => true;

    /// <summary>A command for a peer's machine. Answered with <see cref="PeerReply.Number"/>.</summary>
    internal sealed record Command(PeerKey Peer, PeerCommand Asked) : NodeRequest;

    /// <summary>Answered with an envelope.</summary>
    internal sealed record Seal(PeerKey Peer, ReadOnlyMemory<byte> Payload) : NodeRequest;

    /// <summary>Answered with an <see cref="OpenedEnvelope"/>; an envelope opens once.</summary>
    internal sealed record Open(ReadOnlyMemory<byte> Envelope) : NodeRequest
    {
        internal override bool IsRepeatable => false;
    }

    /// <summary>An envelope that came over a peer link. Answered with nothing.</summary>
    /// <param name="Envelope">The envelope.</param>
    /// <param name="Source">Where it came from.</param>
    /// <param name="Exchange">The call of a peer that it came by, where something may go back by that; else empty.</param>
    internal sealed record Accept(ReadOnlyMemory<byte> Envelope, string Source, Guid Exchange) : NodeRequest;

    /// <summary>Waits for what goes back by a peer's call to the asking node, as far as it is of this shard. Answered with envelopes.</summary>
    /// <param name="Exchange">As <see cref="Accept"/> named it.</param>
    /// <param name="BytesMax">How many bytes may be taken; at least one envelope is.</param>
    /// <param name="WaitMillis">How long to wait.</param>
    internal sealed record Collect(Guid Exchange, int BytesMax, int WaitMillis) : NodeRequest
    {
        internal override bool IsRepeatable => false;
    }

    /// <summary>Answered with a <see cref="PeerInfo"/>.</summary>
    internal sealed record Show(PeerKey Peer) : NodeRequest;

    /// <summary>Answered with a page of messages that were set aside.</summary>
    internal sealed record ListSetAside(PeerKey Peer, int Skip) : NodeRequest;

    /// <summary>Answered with the documents that the peer pins.</summary>
    internal sealed record ListDocuments(PeerKey Peer) : NodeRequest;

    /// <summary>Answered with a page of the shard's peers.</summary>
    internal sealed record ListPeers(int Skip) : NodeRequest;

    /// <summary>Answered with what a stream to the peer has to keep to, and its number if it was sent already.</summary>
    internal sealed record BeginStream(PeerKey Peer, Guid Operation) : NodeRequest;

    /// <summary>Answered with a <see cref="MessagePiece"/>: part of a message that was set aside and is too long for a page, or nothing.</summary>
    /// <param name="Peer">Whose.</param>
    /// <param name="Skip">How many messages that were set aside come before it.</param>
    /// <param name="Offset">How many of its bytes the asker has.</param>
    internal sealed record ReadSetAside(PeerKey Peer, int Skip, int Offset) : NodeRequest;

    /// <summary>For the directory. Answered with an <see cref="IdentityInfo"/>.</summary>
    internal sealed record CreateIdentity(IdentityName Name, IReadOnlyList<Suite> Suites) : NodeRequest;

    /// <summary>For the directory. Answered with an <see cref="IdentityInfo"/>.</summary>
    internal sealed record RotateIdentity(IdentityName Name) : NodeRequest;

    /// <summary>For the directory. Answered with an <see cref="IdentityInfo"/>.</summary>
    internal sealed record FinishRotation(IdentityName Name) : NodeRequest;

    /// <summary>For the directory. Answered with nothing.</summary>
    internal sealed record AddPeer(NewPeer Peer) : NodeRequest;

    /// <summary>For the directory. Answered with nothing.</summary>
    internal sealed record AddPin(PeerKey Peer, ReadOnlyMemory<byte> Document) : NodeRequest;

    /// <summary>For the directory. Answered with nothing.</summary>
    internal sealed record RemovePeer(PeerKey Peer) : NodeRequest;
}

/// <summary>Part of a list that may be too long for one answer.</summary>
/// <param name="Items">From where the asker wanted it.</param>
/// <param name="HasMore">Whether there are more behind these.</param>
internal readonly record struct NodePage<T>(IReadOnlyList<T> Items, bool HasMore);

/// <summary>Part of a message.</summary>
/// <param name="Id">Whose part it is.</param>
/// <param name="Attempt">As the message says.</param>
/// <param name="IsStream">Whether the message came as a stream.</param>
/// <param name="Length">How many bytes all of it has.</param>
/// <param name="Bytes">Those from where the asker wanted them.</param>
internal sealed record MessagePiece(ReceivedMessageId Id, int Attempt, bool IsStream, int Length, ReadOnlyMemory<byte> Bytes);

/// <summary>What a stream to a peer has to keep to.</summary>
/// <param name="ChunkBytes">How many bytes one part may carry.</param>
/// <param name="Sent">The number of its end mark when it was sent before.</param>
internal readonly record struct StreamTerms(int ChunkBytes, ulong? Sent);

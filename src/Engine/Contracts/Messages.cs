namespace Kyberium.Engine;

/// <summary>A durable message was accepted for sending: it is in the journal.</summary>
/// <param name="Operation">The message's id here; stable, unique.</param>
/// <param name="Number">Its number in the stream to the peer; 0 when a repeated operation was acknowledged long ago.</param>
public readonly record struct SentMessage(Guid Operation, ulong Number);

/// <summary>How to send one durable message.</summary>
/// <param name="Operation">An id under which a repeat is not sent twice; empty draws one. It is known as long as the message waits for
/// its acknowledgement, and among the last 64 acknowledged after that, also after a restart: a sender that repeats what a crash left
/// unanswered keeps no more than that unanswered at a time.</param>
/// <param name="ExpiresAfter">How long it may wait for its acknowledgement, more than zero; <see langword="null"/>: as the peer's policy
/// says (<c>messageExpirySeconds</c>); <see cref="Timeout.InfiniteTimeSpan"/>: for ever. When its time has come the message is struck,
/// with an audit event.</param>
/// <param name="Identity">The identity that sends; <see langword="null"/>: the default one.</param>
/// <param name="WaitsForRoom">Whether a call that finds the peer's outbox full waits in line for acknowledgements, at no cost meanwhile, in place of failing with
/// <see cref="EngineErrorCode.OutboxFull"/>. About in the order of the calls; its cancellation token bounds the wait.</param>
public readonly record struct SendOptions(
    Guid Operation = default, TimeSpan? ExpiresAfter = null, IdentityName? Identity = null, bool WaitsForRoom = false);

/// <summary>The stable id of a received message: the same each time it is handed out.</summary>
/// <param name="Identity">The identity it was sent to.</param>
/// <param name="Peer">Who sent it.</param>
/// <param name="Stream">The sender's delivery stream.</param>
/// <param name="Number">Its number in that stream, 1 or more.</param>
public readonly record struct ReceivedMessageId(IdentityName Identity, PeerId Peer, Guid Stream, ulong Number);

/// <summary>A durable message from a peer. It is handed out again after a crash, until it is acknowledged.</summary>
/// <param name="Id">Stable: lets a handler recognise a message it has met before a crash.</param>
/// <param name="Payload">The sender's bytes; empty when they are in <see cref="Stream"/>.</param>
/// <param name="Attempt">1 for the first time since it was accepted, one more after each failed one.</param>
public sealed record ReceivedMessage(ReceivedMessageId Id, ReadOnlyMemory<byte> Payload, int Attempt)
{
    /// <summary>Gets the sender's bytes when they came by <c>SendStreamAsync</c>: all of them, verified as a whole.
    /// <see langword="null"/> for a message of one piece.</summary>
    public ReceivedStream? Stream { get; init; }
}

/// <summary>What an envelope opened to.</summary>
/// <param name="Identity">The identity it was addressed to.</param>
/// <param name="Peer">Who sealed it.</param>
/// <param name="Payload">The sender's bytes.</param>
public readonly record struct OpenedEnvelope(IdentityName Identity, PeerId Peer, ReadOnlyMemory<byte> Payload);

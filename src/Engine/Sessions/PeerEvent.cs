using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>A fact about one peer. The journal holds these; state is what <see cref="PeerFacts.Apply"/> makes of them.</summary>
/// <remarks>Everything random or timed that replay needs is inside, never drawn again. Bytes: docs/formats/events.md.</remarks>
internal abstract record PeerEvent
{
    internal sealed record Added(Pin Pin, FrozenPolicy Policy, StreamId Outgoing, IReadOnlyList<string> Addresses, uint Generation) : PeerEvent;

    internal sealed record Forgotten : PeerEvent;

    internal sealed record PinAdded(Pin Pin) : PeerEvent;

    internal sealed record PinProved(Fingerprint Fingerprint) : PeerEvent;

    internal sealed record PinRemoved(Fingerprint Fingerprint) : PeerEvent;

    internal sealed record AddressesSet(IReadOnlyList<string> Addresses) : PeerEvent;

    internal sealed record PolicyChanged(FrozenPolicy Policy) : PeerEvent;

    internal sealed record Suspended : PeerEvent;

    internal sealed record Resumed : PeerEvent;

    internal sealed record Held : PeerEvent;

    internal sealed record Released : PeerEvent;

    /// <summary>A new session exists. <paramref name="Sends"/>: new records are sealed in it from now on.</summary>
    internal sealed record SessionEstablished(
        NewEpoch Epoch, bool IsInitiator, Suite Suite, Fingerprint Local, Fingerprint Remote, bool Sends) : PeerEvent;

    /// <summary>The peer was seen to use a session that it had started: it has it for good, and new records are sealed in it from now on.</summary>
    internal sealed record SessionPreferred(SessionId Session) : PeerEvent;

    /// <summary>The initiator of a rekey holds the next epoch and does not seal under it yet.</summary>
    internal sealed record EpochPending(NewEpoch Epoch) : PeerEvent;

    /// <summary>The peer was seen to use the pending epoch.</summary>
    internal sealed record EpochCommitted(SessionId Session, Epoch Number) : PeerEvent;

    /// <summary>The responder of a rekey saw its confirm: the new epoch is current.</summary>
    internal sealed record EpochAccepted(NewEpoch Epoch) : PeerEvent;

    internal sealed record PreviousEpochDropped(SessionId Session, Epoch Number) : PeerEvent;

    internal sealed record SessionRetired(SessionId Session) : PeerEvent;

    /// <summary>Every session ends: closed by either side, or the store was restored from an older copy.</summary>
    internal sealed record SessionsDropped : PeerEvent;

    /// <summary>Plaintext of this incarnation may be shown up to <paramref name="Through"/>.</summary>
    internal sealed record ReservationMade(ReceiverIndex Index, Incarnation Incarnation, ulong Through) : PeerEvent;

    internal sealed record MessageQueued(
        Guid Operation, MessageFlags Flags, UnixMillis? ExpiresAt, ReadOnlyMemory<byte> Payload) : PeerEvent;

    internal sealed record Acknowledged(ulong Through) : PeerEvent;

    internal sealed record MessageExpired(ulong Number) : PeerEvent;

    internal sealed record OutgoingStopped(StopReason Reason) : PeerEvent;

    internal sealed record OutgoingReset(StreamId Stream) : PeerEvent;

    internal sealed record IncomingAdopted(StreamId Stream, ulong Expected) : PeerEvent;

    /// <summary>The next message of the peer's stream; <paramref name="ChainBelow"/> is what it was accepted on top of.</summary>
    internal sealed record MessageAccepted(
        ulong Number, ChainValue ChainBelow, MessageFlags Flags, ReadOnlyMemory<byte> Payload) : PeerEvent;

    internal sealed record IncomingStopped(StopReason Reason) : PeerEvent;

    /// <summary>The peer's stream is forgotten, so that what it sends next is adopted.</summary>
    internal sealed record IncomingReset : PeerEvent;

    internal sealed record MessageHandled(StreamId Stream, ulong Number) : PeerEvent;

    internal sealed record MessageFailed(StreamId Stream, ulong Number, bool SetAside) : PeerEvent;

    internal sealed record MessageRetried(StreamId Stream, ulong Number) : PeerEvent;

    internal sealed record MessageDropped(StreamId Stream, ulong Number) : PeerEvent;

    /// <summary>An operator's act was done under an id of its own: a repeat is answered, not done again.</summary>
    internal sealed record OperationPerformed(Guid Operation) : PeerEvent;

    /// <summary>The store was restored from an older copy and this peer has gone on from there.</summary>
    internal sealed record GenerationSet(uint Generation) : PeerEvent;
}

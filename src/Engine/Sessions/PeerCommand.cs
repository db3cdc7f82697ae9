using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>Something asked of one peer's machine.</summary>
internal abstract record PeerCommand
{
    // From the application and operators.

    internal sealed record Add(Pin Pin, FrozenPolicy Policy, IReadOnlyList<string> Addresses, uint Generation) : PeerCommand;

    internal sealed record Forget : PeerCommand;

    internal sealed record AddPin(Pin Pin) : PeerCommand;

    internal sealed record RemovePin(Fingerprint Fingerprint) : PeerCommand;

    internal sealed record SetAddresses(IReadOnlyList<string> Addresses) : PeerCommand;

    internal sealed record ChangePolicy(FrozenPolicy Policy) : PeerCommand;

    internal sealed record Suspend : PeerCommand;

    internal sealed record Resume : PeerCommand;

    /// <summary>Lets what an unchained handshake held back go out.</summary>
    internal sealed record Release : PeerCommand;

    /// <summary>Wants a session: done at once when there is one, unless <paramref name="Fresh"/> asks for another.</summary>
    internal sealed record Connect(bool Fresh) : PeerCommand;

    internal sealed record Rekey : PeerCommand;

    /// <summary>Waits until new records are sealed elsewhere than under the epoch with this index, which is at a hard limit.</summary>
    internal sealed record AwaitNextEpoch(ReceiverIndex Index) : PeerCommand;

    /// <summary>Ends every session and tells the peer.</summary>
    internal sealed record Close : PeerCommand;

    /// <summary>Queues a message. <paramref name="IsRepeatable"/>: the caller chose the operation's id and may send it again.
    /// <paramref name="ExpiresAt"/>: <see cref="Never"/>, or <see langword="null"/> for what the peer's policy says.</summary>
    internal sealed record Send(
        Guid Operation, bool IsRepeatable, MessageFlags Flags, UnixMillis? ExpiresAt, ReadOnlyMemory<byte> Payload) : PeerCommand
    {
        internal static readonly UnixMillis Never = new(long.MaxValue);
    }

    internal sealed record Handled(StreamId Stream, ulong Number) : PeerCommand;

    internal sealed record Failed(StreamId Stream, ulong Number) : PeerCommand;

    internal sealed record RetrySetAside(StreamId Stream, ulong Number) : PeerCommand;

    internal sealed record DropSetAside(StreamId Stream, ulong Number) : PeerCommand;

    internal sealed record ResetStream(bool Outgoing, bool Incoming) : PeerCommand;

    /// <summary>Remembers the id under which the act before it was done.</summary>
    internal sealed record NotePerformed(Guid Operation) : PeerCommand;

    // From the network. What arrives here was authenticated by the traffic keys, except message 1 and 2.

    /// <summary>A message 1 of kind 0 that opened and whose initiator is pinned here.</summary>
    internal sealed record Handshake1(
        ResponderHandshake Opened, Suite Suite, Fingerprint Local, Fingerprint Remote,
        ReadOnlyMemory<byte> Message1Hash, string Source) : PeerCommand;

    /// <summary>A message 2 of kind 0, addressed to an attempt's index.</summary>
    internal sealed record Handshake2(ReceiverIndex Index, ReadOnlyMemory<byte> Envelope) : PeerCommand;

    /// <summary>A record that opened under the epoch with this local index.</summary>
    internal sealed record Record(ReceiverIndex Index, EnvelopeType Type, ReadOnlyMemory<byte> Plaintext) : PeerCommand;

    // From the shard.

    internal sealed record HandshakeComputed(HandshakeTask Task, HandshakeResult Result) : PeerCommand;

    /// <summary>An incarnation's reservation is needed or runs low.</summary>
    internal sealed record Reserve(ReceiverIndex Index, Incarnation Incarnation, ulong Through) : PeerCommand;

    /// <summary>A limit of PROTOCOL section 6 asks for the next epoch.</summary>
    internal sealed record RekeyDue(ReceiverIndex Index) : PeerCommand;

    /// <summary>Records went out under the epoch for as long as <see cref="PeerLimits.UnheardMillis"/> says, and none came in.</summary>
    internal sealed record Unheard(ReceiverIndex Index) : PeerCommand;

    /// <summary>Nobody can call this side: a session is kept with the peer, and a record made that opens a call to it.</summary>
    internal sealed record Knock : PeerCommand;

    /// <summary>The store's generation is newer than the peer's: it was restored from an older copy.</summary>
    internal sealed record Restored(uint Generation) : PeerCommand;

    internal sealed record Tick : PeerCommand;
}

/// <summary>What a command is answered with, once its facts are durable.</summary>
/// <param name="Error">Why it was refused; <see langword="null"/> when it was done.</param>
/// <param name="Number">For a sent message its number; for a session wait 1 when one is there already, else 0.</param>
internal readonly record struct PeerReply(EngineErrorCode? Error, ulong Number = 0)
{
    internal static readonly PeerReply Done = new(null);

    internal static PeerReply Refused(EngineErrorCode code) => new(code);
}

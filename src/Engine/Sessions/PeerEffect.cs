using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>Something to do once the facts decided with it are durable.</summary>
internal abstract record PeerEffect
{
    /// <summary>Seal a record under this epoch and hand it to the link.</summary>
    internal sealed record Seal(EpochState Epoch, EnvelopeType Type, ReadOnlyMemory<byte> Plaintext) : PeerEffect;

    /// <summary>Open a call to the peer with an empty carrier sealed under this epoch.</summary>
    internal sealed record Knock(EpochState Epoch) : PeerEffect;

    /// <summary>Hand an envelope to the link as it is.</summary>
    internal sealed record Transmit(ReadOnlyMemory<byte> Envelope) : PeerEffect;

    /// <summary>Run a computation outside the turn and come back with <see cref="PeerCommand.HandshakeComputed"/>.</summary>
    internal sealed record Compute(HandshakeTask Task) : PeerEffect;

    /// <summary>Envelopes with this epoch's local index may come from now on.</summary>
    internal sealed record Listen(EpochState Epoch) : PeerEffect;

    /// <summary>A message 2 with this index may come from now on.</summary>
    internal sealed record ListenHandshake(ReceiverIndex Index) : PeerEffect;

    internal sealed record ForgetHandshake(ReceiverIndex Index) : PeerEffect;

    /// <summary>Tell the machine of the next record under this epoch that is not a confirm, whichever way it is opened.</summary>
    internal sealed record Watch(EpochState Epoch) : PeerEffect;

    /// <summary>This epoch is past its hard limit of age: data, messages and framed data wait for the next.</summary>
    internal sealed record StopByAge(EpochState Epoch) : PeerEffect;

    /// <summary>Whoever waits for the next epoch has waited long enough.</summary>
    internal sealed record EpochWaitEnded : PeerEffect;

    /// <summary>This epoch opens and seals no more; its secrets can be erased.</summary>
    internal sealed record Forget(EpochState Epoch) : PeerEffect;

    /// <summary>New records are sealed in another session or epoch from now on, or in none.</summary>
    internal sealed record SendingChanged : PeerEffect;

    /// <summary>Whoever waits for a session has one now, or the attempt ended with this code.</summary>
    internal sealed record ConnectSettled(EngineErrorCode? Failure) : PeerEffect;

    /// <summary>A handshake the peer started from this source is half open no longer: its confirm opened.</summary>
    internal sealed record HandshakeCompleted(string Source) : PeerEffect;

    /// <summary>Messages wait for the application.</summary>
    internal sealed record InboxReady : PeerEffect;

    /// <summary>Messages were acknowledged: room in the outbox, and their senders may be told.</summary>
    internal sealed record OutboxAdvanced(ulong Through, int Count) : PeerEffect;

    /// <summary>The peer will not have a transfer: one of its own that it gave up, or one of ours that it refused.</summary>
    internal sealed record TransferAborted(TransferId Transfer) : PeerEffect;

    /// <summary>A message expired before it was acknowledged.</summary>
    internal sealed record Expired(Guid Operation, ulong Number) : PeerEffect;

    /// <summary>For the audit record and the log.</summary>
    internal sealed record Report(PeerReport What, string Detail, Guid Operation = default) : PeerEffect;
}

/// <summary>What an operator may want to know about a peer.</summary>
internal enum PeerReport
{
    SessionEstablished = 1,
    SessionUnchained = 2,
    SessionRefused = 3,
    SessionClosed = 4,
    Rekeyed = 5,
    StreamStopped = 6,
    StreamAdopted = 7,
    PeerStateLost = 8,
    MessageSetAside = 9,
    MessageExpired = 10,
    HandshakeFailed = 11,
    PinProved = 12,
}

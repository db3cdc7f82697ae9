using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>The computations of a handshake: pure, but dear. The machine asks for one as an effect and gets its result
/// back as a command, so no turn of a shard waits for a KEM.</summary>
internal interface IHandshakeProvider
{
    /// <summary>Runs one computation. Deterministic in its arguments; any thread; several at once.</summary>
    HandshakeResult Run(HandshakeTask task, Cryptography.IEntropySource entropy);
}

/// <summary>The initiator's half of a handshake between message 1 and its end. Holds secrets.</summary>
internal abstract class InitiatorHandshake : IDisposable
{
    public abstract void Dispose();
}

/// <summary>A message 1 that opened; holds the secrets an answer is computed from.</summary>
internal abstract class ResponderHandshake : IDisposable
{
    public abstract void Dispose();
}

/// <summary>What a rekey is chained to (PROTOCOL section 2, kind 1).</summary>
internal sealed record RekeyBase(SessionId Session, Epoch Epoch, ReadOnlyMemory<byte> HandshakeHash, EpochSecrets Secrets)
{
    internal static RekeyBase Of(SessionState session) =>
        new(session.Id, session.Current.Number, session.Current.HandshakeHash, session.Current.Secrets);
}

/// <summary>A computation to run outside the turn.</summary>
internal abstract record HandshakeTask
{
    /// <summary>Gets the pin whose document is computed with; <see langword="null"/>: none is needed any more.</summary>
    internal Pin? Peer => this switch
    {
        Start start => start.Remote,
        Answer answer => answer.Remote,
        AnswerRekey rekey => rekey.Remote,
        _ => null,
    };

    /// <summary>Gives the same task with the document of its pin.</summary>
    internal HandshakeTask With(ReadOnlyMemory<byte> document) => this switch
    {
        Start start => start with { Remote = start.Remote with { Document = document } },
        Answer answer => answer with { Remote = answer.Remote with { Document = document } },
        AnswerRekey rekey => rekey with { Remote = rekey.Remote with { Document = document } },
        _ => this,
    };

    /// <summary>Makes message 1. <paramref name="Base"/> is <see langword="null"/> for a new session.</summary>
    internal sealed record Start(Suite Suite, Fingerprint Local, Pin Remote, RekeyBase? Base) : HandshakeTask;

    /// <summary>Finishes one's own handshake with the peer's message 2. The handshake stays usable when that fails.</summary>
    internal sealed record Finish(InitiatorHandshake Handshake, ReadOnlyMemory<byte> Message2) : HandshakeTask;

    /// <summary>Answers an opened message 1 of a new session.</summary>
    internal sealed record Answer(ResponderHandshake Opened, Pin Remote, DeliveryGreeting Greeting) : HandshakeTask;

    /// <summary>Opens and answers the message 1 of a rekey.</summary>
    internal sealed record AnswerRekey(
        ReadOnlyMemory<byte> Message1, Suite Suite, Fingerprint Local, Pin Remote, RekeyBase Base, DeliveryGreeting Greeting)
        : HandshakeTask;
}

/// <summary>A new epoch's secrets and indices, not yet anybody's state.</summary>
/// <param name="Session">For epoch 0 the session's new id, else the session's.</param>
/// <param name="Number">The epoch's number.</param>
/// <param name="HandshakeHash">64 bytes.</param>
/// <param name="Secrets">Owned by whoever holds this record last.</param>
/// <param name="LocalIndex">This side's receiver index.</param>
/// <param name="RemoteIndex">The peer's receiver index.</param>
internal sealed record NewEpoch(
    SessionId Session, Epoch Number, ReadOnlyMemory<byte> HandshakeHash, EpochSecrets Secrets,
    ReceiverIndex LocalIndex, ReceiverIndex RemoteIndex);

/// <summary>What came of a <see cref="HandshakeTask"/>.</summary>
internal abstract record HandshakeResult
{
    internal sealed record Started(InitiatorHandshake Handshake, ReadOnlyMemory<byte> Message1, ReceiverIndex LocalIndex)
        : HandshakeResult;

    internal sealed record Finished(NewEpoch Epoch, DeliveryGreeting Greeting) : HandshakeResult;

    internal sealed record Answered(NewEpoch Epoch, ReadOnlyMemory<byte> Message2) : HandshakeResult;

    /// <summary>One failure for every reason.</summary>
    internal sealed record Failed : HandshakeResult
    {
        internal static readonly Failed Instance = new();
    }
}

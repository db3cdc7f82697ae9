using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>Handshakes without cryptography: a key is the hash of both sides' messages and of the epoch they are chained
/// to, so two sides agree on it exactly when they agree on the transcript.</summary>
internal sealed class SymbolicHandshakes : IHandshakeProvider
{
    internal static readonly SymbolicHandshakes Instance = new();

    public HandshakeResult Run(HandshakeTask task, IEntropySource entropy) => task switch
    {
        HandshakeTask.Start start => Start(start, entropy),
        HandshakeTask.Finish finish => Finish((Initiator)finish.Handshake, finish.Message2),
        HandshakeTask.Answer answer => Answer(((Responder)answer.Opened).Message1, answer.Greeting, basis: null, entropy),
        HandshakeTask.AnswerRekey rekey => AnswerRekey(rekey, entropy),
        _ => throw new InvalidOperationException($"no rule runs {task.GetType().Name}"),
    };

    private static HandshakeResult.Started Start(HandshakeTask.Start start, IEntropySource entropy)
    {
        var index = DrawIndex(entropy);
        var message = new SymbolicMessage1(
            start.Local, start.Remote.Fingerprint, index, Draw(entropy),
            start.Base is { } basis ? new SymbolicBase(basis.Session, basis.Epoch, SymbolicSecrets.KeyOf(basis.Secrets)) : null);
        return new HandshakeResult.Started(new Initiator(message), message.Envelope, index);
    }

    private static HandshakeResult Finish(Initiator initiator, ReadOnlyMemory<byte> message2)
    {
        var body = message2.Span[SymbolicSecrets.HeaderSize..];
        var answer = body[..^16];
        var key = KeyOf(initiator.Message1, answer);
        if (BinaryPrimitives.ReadUInt128BigEndian(body[^16..]) != Tag(key)
            || !DeliveryGreeting.TryRead(answer[24..], out var greeting, out _))
        {
            return HandshakeResult.Failed.Instance;
        }

        var remote = new ReceiverIndex(BinaryPrimitives.ReadUInt64BigEndian(answer[16..]));
        return new HandshakeResult.Finished(EpochOf(initiator.Message1, key, initiator.Message1.Index, remote), greeting);
    }

    private static HandshakeResult AnswerRekey(HandshakeTask.AnswerRekey rekey, IEntropySource entropy)
    {
        var message = SymbolicMessage1.Parse(rekey.Message1);
        return message.Base is { } basis && basis.Session == rekey.Base.Session && basis.Epoch == rekey.Base.Epoch
            && basis.Key == SymbolicSecrets.KeyOf(rekey.Base.Secrets)
                ? Answer(message, rekey.Greeting, basis, entropy)
                : HandshakeResult.Failed.Instance;      // rule 2: not chained to the current epoch
    }

    private static HandshakeResult Answer(
        SymbolicMessage1 message1, in DeliveryGreeting greeting, SymbolicBase? basis, IEntropySource entropy)
    {
        if (message1.Base != basis)
        {
            return HandshakeResult.Failed.Instance;
        }

        var index = DrawIndex(entropy);
        var answer = new byte[16 + 8 + DeliveryGreeting.Size + 16];
        BinaryPrimitives.WriteUInt128BigEndian(answer, Draw(entropy));
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(16), index.Value);
        greeting.Write(answer.AsSpan(24));
        var key = KeyOf(message1, answer.AsSpan()[..^16]);
        BinaryPrimitives.WriteUInt128BigEndian(answer.AsSpan(answer.Length - 16), Tag(key));
        return new HandshakeResult.Answered(
            EpochOf(message1, key, index, message1.Index),
            SymbolicSecrets.Envelope(EnvelopeType.Handshake2, message1.Index, message1.EpochMade, answer));
    }

    private static NewEpoch EpochOf(SymbolicMessage1 message1, UInt128 key, ReceiverIndex local, ReceiverIndex remote) => new(
        message1.Base?.Session ?? WireViews.SessionOf(key ^ 1), message1.EpochMade, HashOf(key), SymbolicSecrets.Of(key), local, remote);

    private static byte[] HashOf(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        return SHA512.HashData(bytes);
    }

    private static UInt128 KeyOf(SymbolicMessage1 message1, ReadOnlySpan<byte> answer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(message1.Envelope.Span);
        hash.AppendData(answer);
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    private static UInt128 Tag(UInt128 key) => ~key;

    private static UInt128 Draw(IEntropySource entropy)
    {
        Span<byte> bytes = stackalloc byte[16];
        entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static ReceiverIndex DrawIndex(IEntropySource entropy) => new((ulong)(Draw(entropy) >> 80) | 1);

    private sealed class Initiator(SymbolicMessage1 message1) : InitiatorHandshake, IErased
    {
        internal SymbolicMessage1 Message1 { get; } = message1;

        public bool IsErased { get; private set; }

        // Shared by the branches of an exploration, so it stays usable; holds nothing secret.
        public override void Dispose() => IsErased = true;
    }

    internal sealed class Responder(SymbolicMessage1 message1) : ResponderHandshake, IErased
    {
        internal SymbolicMessage1 Message1 { get; } = message1;

        public bool IsErased { get; private set; }

        public override void Dispose() => IsErased = true;
    }
}

/// <summary>Says whether a half of a handshake was disposed of, which erases a real one.</summary>
internal interface IErased
{
    bool IsErased { get; }
}

/// <summary>The epoch a symbolic rekey is chained to.</summary>
internal sealed record SymbolicBase(SessionId Session, Epoch Epoch, UInt128 Key);

/// <summary>A symbolic message 1 and its bytes.</summary>
internal sealed class SymbolicMessage1
{
    private const int BodySize = (2 * Fingerprint.Size) + 8 + 16 + 1 + 16 + 4 + 16;

    internal SymbolicMessage1(
        Fingerprint initiator, Fingerprint responder, ReceiverIndex index, UInt128 contribution, SymbolicBase? basis)
    {
        (Initiator, Responder, Index, Base) = (initiator, responder, index, basis);
        var body = new byte[BodySize];
        initiator.Bytes.CopyTo(body);
        responder.Bytes.CopyTo(body.AsSpan(48));
        BinaryPrimitives.WriteUInt64BigEndian(body.AsSpan(96), index.Value);
        BinaryPrimitives.WriteUInt128BigEndian(body.AsSpan(104), contribution);
        body[120] = basis is null ? (byte)0 : (byte)1;
        if (basis is not null)
        {
            BinaryPrimitives.WriteUInt128BigEndian(body.AsSpan(121), basis.Session.Value);
            BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(137), basis.Epoch.Value);
            BinaryPrimitives.WriteUInt128BigEndian(body.AsSpan(141), basis.Key);
        }

        Envelope = SymbolicSecrets.Envelope(EnvelopeType.Handshake1, default, EpochMade, body);
    }

    internal Fingerprint Initiator { get; }

    internal Fingerprint Responder { get; }

    internal ReceiverIndex Index { get; }

    internal SymbolicBase? Base { get; }

    internal ReadOnlyMemory<byte> Envelope { get; }

    internal Epoch EpochMade => Base is { } basis ? basis.Epoch.Next : default;

    internal static SymbolicMessage1 Parse(ReadOnlyMemory<byte> envelope)
    {
        var body = envelope.Span[SymbolicSecrets.HeaderSize..];
        var basis = body[120] == 0 ? null : new SymbolicBase(
            SessionId.Read(body[121..]),
            new Epoch(BinaryPrimitives.ReadUInt32BigEndian(body[137..])),
            BinaryPrimitives.ReadUInt128BigEndian(body[141..]));
        return new SymbolicMessage1(
            new Fingerprint(body[..48]), new Fingerprint(body.Slice(48, 48)),
            new ReceiverIndex(BinaryPrimitives.ReadUInt64BigEndian(body[96..])),
            BinaryPrimitives.ReadUInt128BigEndian(body[104..]), basis);
    }
}

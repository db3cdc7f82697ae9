using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Runs handshake computations with pqIK (PROTOCOL section 2). Thread-safe; one for each shard, whose number goes
/// into the receiver indices it draws.</summary>
internal sealed class PqIkHandshakes(
    ushort shard, IStaticKeys staticKeys, IEphemeralKeys ephemeralKeys, PinnedDocuments documents, VersionRange versions) : IHandshakeProvider
{
    public HandshakeResult Run(HandshakeTask task, IEntropySource entropy) => task switch
    {
        HandshakeTask.Start start => Start(start, entropy),
        HandshakeTask.Finish finish => Finish((Initiator)finish.Handshake, finish.Message2),
        HandshakeTask.Answer answer => Answer((Responder)answer.Opened, answer.Remote, answer.Greeting, null, entropy),
        HandshakeTask.AnswerRekey rekey => AnswerRekey(rekey, entropy),
        _ => HandshakeResult.Failed.Instance,
    };

    /// <summary>Opens a message 1 of a new session, before it is known whose it is.</summary>
    /// <param name="local">The identity it is addressed to.</param>
    /// <param name="envelope">Header and body; untrusted.</param>
    internal static bool TryOpenSession(
        IStaticKeys staticKeys, Fingerprint local, ReadOnlySpan<byte> envelope, [NotNullWhen(true)] out Responder? opened)
    {
        opened = null;
        return EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            && header.Type == EnvelopeType.Handshake1 && header.Epoch == Epoch.Zero
            && TryOpen(staticKeys, local, header, envelope, HandshakePrologue.ForSession(local, header), out opened);
    }

    private HandshakeResult Start(HandshakeTask.Start task, IEntropySource entropy)
    {
        var kem = SuiteKems.Of(task.Suite);
        if (documents.Get(task.Remote).KeyOf(task.Suite) is not { } responder
            || staticKeys.Find(task.Local, task.Suite) is not { } own)
        {
            return HandshakeResult.Failed.Instance;
        }

        var index = DrawIndex(entropy);
        var payload = new Handshake1Payload(task.Local, index, versions, staticKeys.SuitesOf(task.Local));
        var header = HandshakeHeaders.Message1(
            task.Suite, task.Base?.Epoch.Next ?? Epoch.Zero, task.Remote.Fingerprint, PqIk.Message1Size(kem, payload.Size));
        var prologue = task.Base is { } basis
            ? HandshakePrologue.ForRekey(task.Remote.Fingerprint, header, basis.Session, basis.Epoch, basis.HandshakeHash.Span)
            : HandshakePrologue.ForSession(task.Remote.Fingerprint, header);
        var envelope = new byte[header.EnvelopeLength];
        header.Write(envelope);
        var encoded = new byte[payload.Size];
        payload.Write(encoded);
        Span<byte> randomness = stackalloc byte[PqIk.Message1RandomnessSize(kem)];
        entropy.Fill(randomness);
        var attempt = InitiatorAttempt.Start(
            responder, own, ephemeralKeys.Take(kem), prologue, encoded, randomness, envelope.AsSpan(EnvelopeHeader.Size));
        CryptographicOperations.ZeroMemory(randomness);
        return new HandshakeResult.Started(new Initiator(attempt, header, index, task), envelope, index);
    }

    private static HandshakeResult Finish(Initiator initiator, ReadOnlyMemory<byte> message2)
    {
        var envelope = message2.Span;
        if (!EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            || header.Type != EnvelopeType.Handshake2
            || header.Suite != initiator.Header.Suite || header.Epoch != initiator.Header.Epoch
            || header.Receiver != initiator.Index
            || header.Incarnation != HandshakeHeaders.Addressed(initiator.Task.Local)
            || !initiator.TryFinish(envelope[EnvelopeHeader.Size..], out var outcome, out var encoded))
        {
            return HandshakeResult.Failed.Instance;
        }

        using (outcome)
        {
            if (!Handshake2Payload.TryRead(encoded, out var payload, out _)
                || payload.OwnHeader != header
                || !payload.Versions.Contains(EnvelopeHeader.Version)
                || !payload.Suites.Contains(header.Suite)
                || payload.Receiver == initiator.Index)
            {
                return HandshakeResult.Failed.Instance;
            }

            return MakeEpoch(outcome, header.Epoch, initiator.Task.Base, initiator.Index, payload.Receiver) is { } epoch
                ? new HandshakeResult.Finished(epoch, payload.Greeting)
                : HandshakeResult.Failed.Instance;
        }
    }

    private HandshakeResult AnswerRekey(HandshakeTask.AnswerRekey task, IEntropySource entropy)
    {
        var envelope = task.Message1.Span;
        if (!EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            || header.Type != EnvelopeType.Handshake1
            || header.Suite != task.Suite || header.Epoch != task.Base.Epoch.Next)
        {
            return HandshakeResult.Failed.Instance;
        }

        var prologue = HandshakePrologue.ForRekey(
            task.Local, header, task.Base.Session, task.Base.Epoch, task.Base.HandshakeHash.Span);
        if (!TryOpen(staticKeys, task.Local, header, envelope, prologue, out var opened))
        {
            return HandshakeResult.Failed.Instance;
        }

        using (opened)
        {
            return Answer(opened, task.Remote, task.Greeting, task.Base, entropy);
        }
    }

    private HandshakeResult Answer(
        Responder opened, Pin remote, DeliveryGreeting greeting, RekeyBase? basis, IEntropySource entropy)
    {
        var suite = opened.Header.Suite;
        var kem = SuiteKems.Of(suite);
        if (opened.Payload.Initiator != remote.Fingerprint
            || !opened.Payload.Versions.Contains(EnvelopeHeader.Version)
            || !opened.Payload.Suites.Contains(suite)
            || documents.Get(remote).KeyOf(suite) is not { } initiator
            || !initiator.Bytes.Span.SequenceEqual(opened.InitiatorStaticKey.Span))
        {
            return HandshakeResult.Failed.Instance;
        }

        var index = DrawIndex(entropy);
        if (index == opened.Payload.Receiver)
        {
            return HandshakeResult.Failed.Instance;
        }

        var suites = staticKeys.SuitesOf(opened.Local);
        var header = HandshakeHeaders.Message2(
            suite, opened.Header.Epoch, opened.Payload.Receiver, remote.Fingerprint,
            PqIk.Message2Size(kem, Handshake2Payload.SizeFor(suites)));
        var payload = new Handshake2Payload(index, versions, suites, header, greeting);
        var encoded = new byte[payload.Size];
        payload.Write(encoded);
        var envelope = new byte[header.EnvelopeLength];
        header.Write(envelope);
        Span<byte> randomness = stackalloc byte[PqIk.Message2RandomnessSize(kem)];
        entropy.Fill(randomness);
        using var outcome = opened.Answer(initiator, encoded, randomness, envelope.AsSpan(EnvelopeHeader.Size));
        CryptographicOperations.ZeroMemory(randomness);
        return outcome is not null && MakeEpoch(outcome, header.Epoch, basis, index, opened.Payload.Receiver) is { } epoch
            ? new HandshakeResult.Answered(epoch, envelope)
            : HandshakeResult.Failed.Instance;
    }

    /// <returns><see langword="null"/> when the epoch a rekey is chained to has turned meanwhile and gave up its root.</returns>
    private static NewEpoch? MakeEpoch(
        HandshakeOutcome outcome, Epoch number, RekeyBase? basis, ReceiverIndex local, ReceiverIndex remote)
    {
        if (basis is null)
        {
            var secrets = KeySchedule.Start(outcome, out var session);
            return new NewEpoch(session, number, outcome.HandshakeHash, secrets, local, remote);
        }

        return KeySchedule.Next(basis.Secrets, outcome) is { } next
            ? new NewEpoch(basis.Session, number, outcome.HandshakeHash, next, local, remote)
            : null;
    }

    private static bool TryOpen(
        IStaticKeys staticKeys, Fingerprint local, EnvelopeHeader header, ReadOnlySpan<byte> envelope, byte[] prologue,
        [NotNullWhen(true)] out Responder? opened)
    {
        opened = null;
        if (header.Incarnation != HandshakeHeaders.Addressed(local)
            || staticKeys.Find(local, header.Suite) is not { } own
            || !ResponderOpening.TryOpen(own, prologue, envelope[EnvelopeHeader.Size..], out var opening))
        {
            return false;
        }

        if (!Handshake1Payload.TryRead(opening.Payload.Span, out var payload, out _))
        {
            opening.Dispose();
            return false;
        }

        opened = new Responder(opening, header, payload, local);
        return true;
    }

    private ReceiverIndex DrawIndex(IEntropySource entropy)
    {
        Span<byte> random = stackalloc byte[8];
        ReceiverIndex index;
        do
        {
            entropy.Fill(random);
            index = ReceiverIndex.Of(shard, BitConverter.ToUInt64(random));
        }
        while (index.IsNone);

        return index;
    }

    /// <summary>The machine may give an attempt up while a computation with it is queued or under way: then that fails, and disposal
    /// waits for it, one KEM operation at most.</summary>
    private sealed class Initiator(InitiatorAttempt attempt, EnvelopeHeader header, ReceiverIndex index, HandshakeTask.Start task)
        : InitiatorHandshake
    {
        private readonly Lock _using = new();
        private bool _disposed;

        internal EnvelopeHeader Header { get; } = header;

        internal ReceiverIndex Index { get; } = index;

        internal HandshakeTask.Start Task { get; } = task;

        internal bool TryFinish(
            ReadOnlySpan<byte> message2, [NotNullWhen(true)] out HandshakeOutcome? outcome, [NotNullWhen(true)] out byte[]? payload)
        {
            lock (_using)
            {
                (outcome, payload) = (null, null);
                return !_disposed && attempt.TryFinish(message2, out outcome, out payload);
            }
        }

        public override void Dispose()
        {
            lock (_using)
            {
                _disposed = true;
                attempt.Dispose();
            }
        }
    }

    /// <summary>An opened message 1 with what it said; given up like an attempt.</summary>
    internal sealed class Responder(ResponderOpening opening, EnvelopeHeader header, Handshake1Payload payload, Fingerprint local)
        : ResponderHandshake
    {
        private readonly Lock _using = new();
        private bool _disposed;

        internal EnvelopeHeader Header { get; } = header;

        internal Handshake1Payload Payload { get; } = payload;

        internal Fingerprint Local { get; } = local;

        internal ReadOnlyMemory<byte> InitiatorStaticKey => opening.InitiatorStaticKey;

        /// <returns><see langword="null"/> when it was given up.</returns>
        internal HandshakeOutcome? Answer(
            KemEncapsulationKey initiator, ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> randomness, Span<byte> message2)
        {
            lock (_using)
            {
                return _disposed ? null : opening.Answer(initiator, encoded, randomness, message2);
            }
        }

        public override void Dispose()
        {
            lock (_using)
            {
                _disposed = true;
                opening.Dispose();
            }
        }
    }
}

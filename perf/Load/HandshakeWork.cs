using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Load;

/// <summary>A whole pqIK handshake of one suite, both sides, and the bare KEM calls it is made of.</summary>
internal sealed class HandshakeWork : IDisposable
{
    private readonly byte[] _prologue = new byte[97];
    private readonly byte[] _secret = new byte[32];
    private readonly byte[] _other = new byte[32];
    private readonly KemDecapsulationKey _initiator;
    private readonly KemDecapsulationKey _responder;
    private readonly Kem _kem;
    private readonly byte[] _randomness1;
    private readonly byte[] _randomness2;

    internal HandshakeWork(Suite suite)
    {
        _kem = SuiteKems.Of(suite);
        _initiator = Key(1);
        _responder = Key(2);
        _randomness1 = Bytes(3, PqIk.Message1RandomnessSize(_kem));
        _randomness2 = Bytes(4, PqIk.Message2RandomnessSize(_kem));
    }

    internal void BareKemCalls()
    {
        using var ephemeral = Key(5);
        var ciphertext = new byte[_kem.CiphertextSize];
        var imported = _kem.TryImportEncapsulationKey(ephemeral.EncapsulationKey.Bytes.Span)!;
        foreach (var (key, owner) in new[] { (_responder.EncapsulationKey, _responder), (imported, ephemeral), (_initiator.EncapsulationKey, _initiator) })
        {
            key.Encapsulate(_randomness1, ciphertext, _secret);
            if (!owner.TryDecapsulate(ciphertext, _other) || !_secret.AsSpan().SequenceEqual(_other))
            {
                throw new InvalidOperationException("decapsulation does not give what encapsulation gave");
            }
        }
    }

    internal void BothSides()
    {
        var message1 = new byte[PqIk.Message1Size(_kem, 0)];
        using var attempt = InitiatorAttempt.Start(
            _responder.EncapsulationKey, _initiator, Key(5), _prologue, default, _randomness1, message1);
        if (!ResponderOpening.TryOpen(_responder, _prologue, message1, out var opening))
        {
            throw new InvalidOperationException("message 1 does not open");
        }

        using (opening)
        {
            var message2 = new byte[PqIk.Message2Size(_kem, 0)];
            using var answered = opening.Answer(_initiator.EncapsulationKey, default, _randomness2, message2);
            if (!attempt.TryFinish(message2, out var finished, out _)
                || !finished.HandshakeHash.Span.SequenceEqual(answered.HandshakeHash.Span))
            {
                throw new InvalidOperationException("the sides do not agree");
            }

            finished.Dispose();
        }
    }

    public void Dispose()
    {
        _initiator.Dispose();
        _responder.Dispose();
    }

    private KemDecapsulationKey Key(byte first) => _kem.ImportSeed(Bytes(first, _kem.SeedSize));

    private static byte[] Bytes(byte first, int count) => [.. Enumerable.Range(first, count).Select(value => (byte)value)];
}

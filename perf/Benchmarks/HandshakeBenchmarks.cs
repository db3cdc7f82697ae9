using BenchmarkDotNet.Attributes;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Benchmarks;

/// <summary>A whole pqIK handshake, both sides, against the KEM calls it is made of.</summary>
[MemoryDiagnoser]
public class HandshakeBenchmarks
{
    private readonly byte[] _prologue = new byte[97];
    private readonly byte[] _secret = new byte[32];
    private KemDecapsulationKey _initiator = null!;
    private KemDecapsulationKey _responder = null!;
    private Kem _kem = null!;
    private byte[] _randomness1 = [];
    private byte[] _randomness2 = [];

    [Params(Suite.MLKem768P256, Suite.MLKem768)]
    public Suite Suite { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _kem = SuiteKems.Of(Suite);
        _initiator = Key(1);
        _responder = Key(2);
        _randomness1 = Bytes(3, PqIk.Message1RandomnessSize(_kem));
        _randomness2 = Bytes(4, PqIk.Message2RandomnessSize(_kem));
    }

    [Benchmark(Baseline = true)]
    public void BareKemCalls()
    {
        using var ephemeral = Key(5);
        var ciphertext = new byte[_kem.CiphertextSize];
        var imported = _kem.TryImportEncapsulationKey(ephemeral.EncapsulationKey.Bytes.Span)!;
        foreach (var (key, owner) in new[] { (_responder.EncapsulationKey, _responder), (imported, ephemeral), (_initiator.EncapsulationKey, _initiator) })
        {
            key.Encapsulate(_randomness1, ciphertext, _secret);
            owner.TryDecapsulate(ciphertext, _secret);
        }
    }

    [Benchmark]
    public void BothSides()
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

    private KemDecapsulationKey Key(byte first) => _kem.ImportSeed(Bytes(first, _kem.SeedSize));

    private static byte[] Bytes(byte first, int count) => [.. Enumerable.Range(first, count).Select(value => (byte)value)];
}

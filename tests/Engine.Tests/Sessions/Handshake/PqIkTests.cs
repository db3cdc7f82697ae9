using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>Both sides of pqIK. Goal: every changed bit is one silence, and a failed msg2 leaves the attempt usable.</summary>
public sealed class PqIkTests
{
    private static readonly Kem Kem = Kem.MlKem512;
    private static readonly byte[] Prologue = [1, 2, 3];
    private readonly SeededEntropy _entropy = new(7);
    private readonly KemDecapsulationKey _initiator;
    private readonly KemDecapsulationKey _responder;
    private readonly byte[] _message1;
    private readonly InitiatorAttempt _attempt;

    public PqIkTests()
    {
        _initiator = Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize));
        _responder = Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize));
        _message1 = new byte[PqIk.Message1Size(Kem, 5)];
        _attempt = Start(Prologue, _message1);
    }

    [Fact]
    public void Both_sides_agree_and_payloads_arrive()
    {
        var (message2, outcome) = Answer(_message1, "answer"u8);
        Assert.True(_attempt.TryFinish(message2, out var finished, out var payload));
        Assert.Equal("answer"u8.ToArray(), payload);
        Assert.Equal(outcome.HandshakeHash.ToArray(), finished.HandshakeHash.ToArray());
        Assert.True(outcome.SplitKeys.FixedTimeEquals(finished.SplitKeys));
    }

    [Fact]
    public void Responder_reads_who_sent_it_and_what_it_says()
    {
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, _message1, out var opening));
        Assert.Equal(_initiator.EncapsulationKey.Bytes.ToArray(), opening.InitiatorStaticKey.ToArray());
        Assert.Equal("hello"u8.ToArray(), opening.Payload.ToArray());
    }

    [Fact]
    public void Msg1_with_any_byte_changed_does_not_open()
    {
        for (var i = 0; i < _message1.Length; i += i < _message1.Length - 60 ? 13 : 1)
        {
            var changed = Flip(_message1, i);
            Assert.False(ResponderOpening.TryOpen(_responder, Prologue, changed, out _), $"byte {i}");
        }
    }

    [Fact]
    public void Msg2_with_any_byte_changed_fails_and_the_true_one_still_finishes()
    {
        var (message2, outcome) = Answer(_message1, []);
        for (var i = 0; i < message2.Length; i += i < message2.Length - 40 ? 11 : 1)
        {
            Assert.False(_attempt.TryFinish(Flip(message2, i), out _, out _), $"byte {i}");
        }

        Assert.True(_attempt.TryFinish(message2, out var finished, out _));
        Assert.Equal(outcome.HandshakeHash.ToArray(), finished.HandshakeHash.ToArray());
    }

    [Fact]
    public void Cut_and_lengthened_messages_fail()
    {
        var (message2, _) = Answer(_message1, []);
        foreach (var length in new[] { 0, 1, Kem.CiphertextSize, message2.Length - 17, message2.Length - 1 })
        {
            Assert.False(_attempt.TryFinish(message2.AsSpan(0, length), out _, out _), $"msg2 of {length}");
            Assert.False(ResponderOpening.TryOpen(_responder, Prologue, _message1.AsSpan(0, length), out _), $"msg1 of {length}");
        }

        Assert.False(_attempt.TryFinish([.. message2, 0], out _, out _));
        Assert.False(ResponderOpening.TryOpen(_responder, Prologue, [.. _message1, 0], out _));
        Assert.False(ResponderOpening.TryOpen(_responder, Prologue, new byte[_message1.Length + PqIk.PayloadLengthMax], out _));
    }

    [Fact]
    public void Msg1_for_another_prologue_or_another_key_does_not_open()
    {
        using var other = Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize));
        Assert.False(ResponderOpening.TryOpen(_responder, [1, 2, 4], _message1, out _));
        Assert.False(ResponderOpening.TryOpen(other, Prologue, _message1, out _));
    }

    [Fact]
    public void Msg2_of_another_attempt_fails()
    {
        var other = new byte[_message1.Length];
        using var otherAttempt = Start(Prologue, other);
        var (message2, _) = Answer(other, []);
        Assert.False(_attempt.TryFinish(message2, out _, out _));
        Assert.True(otherAttempt.TryFinish(message2, out _, out _));
    }

    [Fact]
    public void Same_msg1_and_randomness_give_the_same_msg2()
    {
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, _message1, out var opening));
        var randomness = _entropy.Bytes(PqIk.Message2RandomnessSize(Kem));
        var first = new byte[PqIk.Message2Size(Kem, 0)];
        var second = new byte[first.Length];
        opening.Answer(_initiator.EncapsulationKey, [], randomness, first).Dispose();
        opening.Answer(_initiator.EncapsulationKey, [], randomness, second).Dispose();
        Assert.Equal(first, second);
    }

    [Fact]
    public void Answering_another_key_than_msg1_sent_is_refused()
    {
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, _message1, out var opening));
        Assert.Throws<ArgumentException>(() => opening.Answer(
            _responder.EncapsulationKey, [], new byte[PqIk.Message2RandomnessSize(Kem)], new byte[PqIk.Message2Size(Kem, 0)]));
    }

    [Fact]
    public void Prologue_differs_for_every_field()
    {
        var fingerprint = Fingerprint.Of([1]);
        var header = HandshakeHeaders.Message1(Suite.MLKem512, new Epoch(1), fingerprint, 100);
        var hash = _entropy.Bytes(64);
        var session = new SessionId(1, 2);
        byte[][] all =
        [
            HandshakePrologue.ForSession(fingerprint, header),
            HandshakePrologue.ForSession(Fingerprint.Of([2]), header),
            HandshakePrologue.ForSession(fingerprint, header with { BodyLength = 101 }),
            HandshakePrologue.ForRekey(fingerprint, header, session, new Epoch(0), hash),
            HandshakePrologue.ForRekey(fingerprint, header, new SessionId(1, 3), new Epoch(0), hash),
            HandshakePrologue.ForRekey(fingerprint, header, session, new Epoch(1), hash),
            HandshakePrologue.ForRekey(fingerprint, header, session, new Epoch(0), Flip(hash, 63)),
        ];
        Assert.Equal(all.Length, all.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(97, all[0].Length);
        Assert.Equal(181, all[3].Length);
    }

    private InitiatorAttempt Start(byte[] prologue, byte[] message1) => InitiatorAttempt.Start(
        _responder.EncapsulationKey, _initiator, Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize)), prologue, "hello"u8,
        _entropy.Bytes(PqIk.Message1RandomnessSize(Kem)), message1);

    private (byte[] Message2, HandshakeOutcome Outcome) Answer(byte[] message1, ReadOnlySpan<byte> payload)
    {
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, message1, out var opening));
        var message2 = new byte[PqIk.Message2Size(Kem, payload.Length)];
        var outcome = opening.Answer(
            _initiator.EncapsulationKey, payload, _entropy.Bytes(PqIk.Message2RandomnessSize(Kem)), message2);
        return (message2, outcome);
    }

    private static byte[] Flip(byte[] bytes, int index)
    {
        var changed = (byte[])bytes.Clone();
        changed[index] ^= (byte)(1 << (index % 8));
        return changed;
    }
}

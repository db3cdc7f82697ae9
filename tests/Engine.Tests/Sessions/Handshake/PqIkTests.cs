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
    public void Longest_payloads_go_through_and_longer_ones_are_not_sent()
    {
        var payload = _entropy.Bytes(PqIk.PayloadLengthMax);
        var message1 = new byte[PqIk.Message1Size(Kem, payload.Length)];
        using var attempt = Start(Prologue, message1, payload);
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, message1, out var opening));
        Assert.Equal(payload, opening.Payload.ToArray());
        var (message2, _) = Answer(message1, payload);
        Assert.True(attempt.TryFinish(message2, out _, out var received));
        Assert.Equal(payload, received);

        byte[] longer = [.. payload, 0];
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(Prologue, new byte[message1.Length + 1], longer));
        Assert.Throws<ArgumentOutOfRangeException>(() => opening.Answer(
            _initiator.EncapsulationKey, longer, new byte[PqIk.Message2RandomnessSize(Kem)], new byte[message2.Length + 1]));
    }

    [Fact]
    public void Longer_payloads_than_allowed_are_not_opened()
    {
        Assert.True(PqIk.IsMessage1Size(Kem, PqIk.Message1Size(Kem, PqIk.PayloadLengthMax)));
        Assert.False(PqIk.IsMessage1Size(Kem, PqIk.Message1Size(Kem, PqIk.PayloadLengthMax) + 1));
        Assert.True(PqIk.IsMessage2Size(Kem, PqIk.Message2Size(Kem, PqIk.PayloadLengthMax)));
        Assert.False(PqIk.IsMessage2Size(Kem, PqIk.Message2Size(Kem, PqIk.PayloadLengthMax) + 1));
        Assert.False(PqIk.IsMessage1Size(Kem, PqIk.Message1Size(Kem, 0) - 1));
        Assert.False(PqIk.IsMessage2Size(Kem, PqIk.Message2Size(Kem, 0) - 1));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Wrong_lengths_are_the_callers_bug(int more)
    {
        Assert.Throws<ArgumentOutOfRangeException>("message1", () => Start(Prologue, new byte[_message1.Length + more]));
        Assert.True(ResponderOpening.TryOpen(_responder, Prologue, _message1, out var opening));
        var randomness = PqIk.Message2RandomnessSize(Kem);
        var size = PqIk.Message2Size(Kem, 0);
        Assert.Throws<ArgumentOutOfRangeException>(
            "randomness", () => opening.Answer(_initiator.EncapsulationKey, [], new byte[randomness + more], new byte[size]));
        Assert.Throws<ArgumentOutOfRangeException>(
            "message2", () => opening.Answer(_initiator.EncapsulationKey, [], new byte[randomness], new byte[size + more]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HandshakeOutcome.Of(new byte[64 + more], new byte[64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HandshakeOutcome.Of(new byte[64], new byte[64 + more]));
        var header = HandshakeHeaders.Message1(Suite.MLKem512, new Epoch(1), Fingerprint.Of([1]), 100);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => HandshakePrologue.ForRekey(Fingerprint.Of([1]), header, default, default, new byte[64 + more]));
    }

    [Fact]
    public void Keys_of_one_handshake_are_of_one_mechanism()
    {
        using var other = Kem.MlKem768.ImportSeed(_entropy.Bytes(64));
        byte[] randomness = new byte[32], message1 = new byte[_message1.Length];
        Assert.Throws<ArgumentException>(
            "ownStatic", () => InitiatorAttempt.Start(_responder.EncapsulationKey, other, _initiator, [], "hello"u8, randomness, message1));
        Assert.Throws<ArgumentException>(
            "ownStatic", () => InitiatorAttempt.Start(_responder.EncapsulationKey, _initiator, other, [], "hello"u8, randomness, message1));
    }

    // docs/formats/handshake.md section 5: time must not tell which part of a message was wrong.
    [Fact]
    public void Whatever_is_wrong_with_a_message_the_same_decapsulations_run()
    {
        var responder = new CountedKey(_responder);
        foreach (var at in new[] { 0, Kem.CiphertextSize, Kem.CiphertextSize + Kem.EncapsulationKeySize, _message1.Length - 1 })
        {
            Assert.False(ResponderOpening.TryOpen(responder, Prologue, Flip(_message1, at), out _));
        }

        Assert.Equal(4, responder.Ciphertexts.Count);

        // A ciphertext that does not decrypt is stood in for by the one before it: as long, and as public.
        CountedKey own = new(_initiator), ephemeral = new(Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize)));
        var message1 = new byte[_message1.Length];
        using var attempt = InitiatorAttempt.Start(
            _responder.EncapsulationKey, own, ephemeral, Prologue, "hello"u8, _entropy.Bytes(PqIk.Message1RandomnessSize(Kem)), message1);
        var (message2, _) = Answer(message1, []);
        foreach (var at in new[] { 0, Kem.CiphertextSize, message2.Length - 1 })
        {
            Assert.False(attempt.TryFinish(Flip(message2, at), out _, out _));
        }

        Assert.Equal(3, ephemeral.Ciphertexts.Count);
        Assert.Equal(3, own.Ciphertexts.Count);
        Assert.Equal(message2[..Kem.CiphertextSize], own.Ciphertexts[1]);
    }

    [Fact]
    public void An_attempt_that_is_disposed_finishes_nothing()
    {
        // Keys that stay, so that nothing but the attempt itself refuses.
        CountedKey own = new(_initiator), ephemeral = new(Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize)));
        var attempt = InitiatorAttempt.Start(
            _responder.EncapsulationKey, own, ephemeral, Prologue, "hello"u8, _entropy.Bytes(PqIk.Message1RandomnessSize(Kem)), _message1);
        var (message2, _) = Answer(_message1, []);
        attempt.Dispose();
        Assert.Throws<ObjectDisposedException>(() => attempt.TryFinish(message2, out _, out _));
        Assert.Empty(ephemeral.Ciphertexts);
    }

    // docs/formats/handshake.md section 5. The key here fails as one with a curve does, and leaves bytes behind that nobody may use.
    [Fact]
    public void A_ciphertext_that_does_not_decapsulate_mixes_zeros_and_fails()
    {
        var ciphertext = _entropy.Bytes(Kem.CiphertextSize);
        using var failing = new FailingKey(_initiator.EncapsulationKey);
        using SymmetricState ephemeral = new("n"), @static = new("n"), expectedEphemeral = new("n"), expectedStatic = new("n");
        Assert.False(PqIk.ReceiveEphemeralKem(ephemeral, failing, ciphertext));
        expectedEphemeral.MixHash(ciphertext);
        expectedEphemeral.MixKey(new byte[Kem.SharedSecretSize]);
        AssertSame(expectedEphemeral, ephemeral);

        Assert.False(PqIk.ReceiveStaticKem(@static, failing, ciphertext, ciphertext));
        expectedStatic.MixHash(ciphertext);
        expectedStatic.MixKeyAndHash(new byte[Kem.SharedSecretSize]);
        AssertSame(expectedStatic, @static);
    }

    [Fact]
    public void Messages_without_a_valid_curve_point_fail_like_any_other()
    {
        var hybrid = Kem.MlKem768P256;
        using var initiator = hybrid.ImportSeed(_entropy.Bytes(hybrid.SeedSize));
        using var responder = hybrid.ImportSeed(_entropy.Bytes(hybrid.SeedSize));
        var message1 = new byte[PqIk.Message1Size(hybrid, 0)];
        using var attempt = InitiatorAttempt.Start(
            responder.EncapsulationKey, initiator, hybrid.ImportSeed(_entropy.Bytes(hybrid.SeedSize)), [], [],
            _entropy.Bytes(PqIk.Message1RandomnessSize(hybrid)), message1);
        Assert.True(ResponderOpening.TryOpen(responder, [], message1, out var opening));
        var message2 = new byte[PqIk.Message2Size(hybrid, 0)];
        using var outcome = opening.Answer(initiator.EncapsulationKey, [], _entropy.Bytes(PqIk.Message2RandomnessSize(hybrid)), message2);

        var last = hybrid.CiphertextSize - 1;    // of the point's y
        Assert.False(ResponderOpening.TryOpen(responder, [], Flip(message1, last), out _));
        Assert.False(ResponderOpening.TryOpen(responder, [], Flip(message1, last + hybrid.EncapsulationKeySize), out _));
        Assert.False(attempt.TryFinish(Flip(message2, last), out _, out _));
        Assert.True(attempt.TryFinish(message2, out _, out _));
    }

    [Fact]
    public void Keys_of_a_finished_handshake_are_gone_once_it_is_disposed()
    {
        var (_, outcome) = Answer(_message1, []);
        Assert.Equal(64, outcome.SplitKeys.Reveal().Length);
        outcome.Dispose();
        Assert.Throws<ObjectDisposedException>(() => outcome.SplitKeys.Reveal().Length);
    }

    [Fact]
    public void Headers_around_a_cookie_are_that_of_msg1_with_another_type_and_length()
    {
        var header = HandshakeHeaders.Message1(Suite.MLKem512, new Epoch(0), Fingerprint.Of([1]), 100);
        Assert.Equal(header with { Type = EnvelopeType.CookieChallenge, BodyLength = 64 }, HandshakeHeaders.Challenge(header));
        Assert.Equal(header with { Type = EnvelopeType.CookieAnswer, BodyLength = 32 + 44 + 100 }, HandshakeHeaders.Answer(header));
    }

    [Fact]
    public void Prologue_is_as_documented()
    {
        var fingerprint = Fingerprint.Of([1]);
        var header = HandshakeHeaders.Message1(Suite.MLKem512, new Epoch(4), fingerprint, 100);
        var hash = _entropy.Bytes(64);
        var written = new byte[EnvelopeHeader.Size];
        header.Write(written);
        Assert.Equal([.. "KYB1\0"u8, .. fingerprint.Bytes, .. written], HandshakePrologue.ForSession(fingerprint, header));
        Assert.Equal(
            [.. "KYB1\u0001"u8, .. fingerprint.Bytes, .. written, .. new byte[7], 1, .. new byte[7], 2, 0, 0, 0, 3, .. hash],
            HandshakePrologue.ForRekey(fingerprint, header, new SessionId(1, 2), new Epoch(3), hash));
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

    private InitiatorAttempt Start(byte[] prologue, byte[] message1, byte[]? payload = null) => InitiatorAttempt.Start(
        _responder.EncapsulationKey, _initiator, Kem.ImportSeed(_entropy.Bytes(Kem.SeedSize)), prologue, payload ?? [.. "hello"u8],
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

    private static void AssertSame(SymmetricState expected, SymmetricState actual)
    {
        Assert.Equal(expected.HandshakeHash.ToArray(), actual.HandshakeHash.ToArray());
        using SecretBytes expectedKeys = expected.Split(), actualKeys = actual.Split();
        Assert.Equal(expectedKeys.Reveal().ToArray(), actualKeys.Reveal().ToArray());
    }

    private sealed class FailingKey(KemEncapsulationKey key) : KemDecapsulationKey
    {
        internal override KemEncapsulationKey EncapsulationKey => key;

        internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            sharedSecret.Fill(0xff);
            return false;
        }

        public override void Dispose()
        {
        }
    }

    /// <summary>A key that remembers what it decapsulated, and outlives its owner.</summary>
    private sealed class CountedKey(KemDecapsulationKey key) : KemDecapsulationKey
    {
        internal List<byte[]> Ciphertexts { get; } = [];

        internal override KemEncapsulationKey EncapsulationKey => key.EncapsulationKey;

        internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            Ciphertexts.Add(ciphertext.ToArray());
            return key.TryDecapsulate(ciphertext, sharedSecret);
        }

        public override void Dispose()
        {
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>An initiator's side of one handshake, from msg1 until a msg2 finishes it. Secret; the owner disposes it.</summary>
/// <remarks>
/// Pure computation: runs on any thread, one call at a time. A msg2 that fails leaves the attempt as it was; the
/// caller bounds how many it tries.
/// </remarks>
internal sealed class InitiatorAttempt : IDisposable
{
    private readonly SymmetricState _afterMessage1;
    private readonly KemDecapsulationKey _ownStatic;
    private readonly KemDecapsulationKey _ephemeral;
    private readonly Kem _kem;

    private InitiatorAttempt(
        Kem kem, SymmetricState afterMessage1, KemDecapsulationKey ownStatic, KemDecapsulationKey ephemeral)
    {
        _kem = kem;
        _afterMessage1 = afterMessage1;
        _ownStatic = ownStatic;
        _ephemeral = ephemeral;
    }

    /// <summary>Writes msg1.</summary>
    /// <param name="responder">The responder's static key, of the suite's KEM.</param>
    /// <param name="ownStatic">This side's static key; borrowed: it must outlive the attempt.</param>
    /// <param name="ephemeral">A fresh key, used for nothing else; the attempt owns and disposes it.</param>
    /// <param name="prologue">Made by <see cref="HandshakePrologue"/>; includes the header of this msg1.</param>
    /// <param name="payload">At most <see cref="PqIk.PayloadLengthMax"/> bytes.</param>
    /// <param name="randomness">Exactly <see cref="PqIk.Message1RandomnessSize"/> fresh secret bytes; the caller zeroes them.</param>
    /// <param name="message1">Receives exactly <see cref="PqIk.Message1Size"/> bytes, which follow the header.</param>
    /// <exception cref="ArgumentException">A length is wrong, or the keys are not of one KEM.</exception>
    internal static InitiatorAttempt Start(
        KemEncapsulationKey responder,
        KemDecapsulationKey ownStatic,
        KemDecapsulationKey ephemeral,
        ReadOnlySpan<byte> prologue,
        ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> randomness,
        Span<byte> message1)
    {
        var kem = responder.Kem;
        CheckArguments(kem, ownStatic, ephemeral, payload, message1);

        var state = PqIk.Start(kem, prologue, responder.Bytes.Span);
        var rest = message1;
        PqIk.SendStaticKem(state, responder, randomness, Next(ref rest, kem.CiphertextSize));
        var ephemeralKey = Next(ref rest, kem.EncapsulationKeySize);
        ephemeral.EncapsulationKey.Bytes.Span.CopyTo(ephemeralKey);
        state.MixHash(ephemeralKey);
        state.EncryptAndHash(
            ownStatic.EncapsulationKey.Bytes.Span, Next(ref rest, state.EncryptedSize(kem.EncapsulationKeySize)));
        state.EncryptAndHash(payload, rest);
        return new InitiatorAttempt(kem, state, ownStatic, ephemeral);
    }

    /// <summary>Reads msg2. False says only that it does not belong to this attempt, is damaged or forged.</summary>
    /// <param name="message2">What followed the header; untrusted.</param>
    /// <param name="outcome">The caller disposes it.</param>
    /// <param name="payload">The responder's payload, authenticated but not yet parsed.</param>
    /// <remarks>
    /// Whatever fails, the same steps run: a decapsulation with the ephemeral key, opening ct3, a decapsulation with
    /// the static key, opening the payload. Not equalised: a wrong length, which is public; and inside a hybrid KEM a
    /// bad point skips that curve's multiplication.
    /// </remarks>
    internal bool TryFinish(
        ReadOnlySpan<byte> message2,
        [NotNullWhen(true)] out HandshakeOutcome? outcome,
        [NotNullWhen(true)] out byte[]? payload)
    {
        outcome = null;
        payload = null;
        if (!PqIk.IsMessage2Size(_kem, message2.Length))
        {
            return false;
        }

        using var state = _afterMessage1.Clone();
        var ciphertext2 = message2[.._kem.CiphertextSize];
        var rest = message2[_kem.CiphertextSize..];
        var valid = PqIk.ReceiveEphemeralKem(state, _ephemeral, ciphertext2);
        var encryptedSize = state.EncryptedSize(_kem.CiphertextSize);
        valid &= PqIk.ReceiveStaticKem(state, _ownStatic, rest[..encryptedSize], ciphertext2);
        rest = rest[encryptedSize..];
        var opened = new byte[rest.Length - SymmetricState.TagSize];
        valid &= state.TryDecryptAndHash(rest, opened);
        if (valid)
        {
            outcome = HandshakeOutcome.Of(state);
            payload = opened;
        }

        return valid;
    }

    public void Dispose()
    {
        _afterMessage1.Dispose();
        _ephemeral.Dispose();
    }

    private static void CheckArguments(
        Kem kem, KemDecapsulationKey ownStatic, KemDecapsulationKey ephemeral,
        ReadOnlySpan<byte> payload, ReadOnlySpan<byte> message1)
    {
        if (ownStatic.EncapsulationKey.Kem != kem || ephemeral.EncapsulationKey.Kem != kem)
        {
            throw new ArgumentException("All keys of a handshake are of one KEM.", nameof(ownStatic));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, PqIk.PayloadLengthMax, nameof(payload));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            message1.Length, PqIk.Message1Size(kem, payload.Length), nameof(message1));
    }

    private static Span<byte> Next(ref Span<byte> rest, int size)
    {
        var next = rest[..size];
        rest = rest[size..];
        return next;
    }
}

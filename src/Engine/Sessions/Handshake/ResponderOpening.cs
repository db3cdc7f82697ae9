using System.Diagnostics.CodeAnalysis;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>A msg1 that opened: who sent it, what it says, and what is needed to answer. Secret; the owner disposes it.</summary>
/// <remarks>Pure computation: runs on any thread, one call at a time.</remarks>
internal sealed class ResponderOpening : IDisposable
{
    private readonly SymmetricState _afterMessage1;
    private readonly KemEncapsulationKey _ephemeral;
    private readonly byte[] _initiatorKey;
    private readonly byte[] _payload;

    private ResponderOpening(
        SymmetricState afterMessage1, KemEncapsulationKey ephemeral, byte[] initiatorKey, byte[] payload)
    {
        _afterMessage1 = afterMessage1;
        _ephemeral = ephemeral;
        _initiatorKey = initiatorKey;
        _payload = payload;
    }

    /// <summary>Gets the static key the initiator sent. Its holder is proven only by the confirm, not by msg1.</summary>
    internal ReadOnlyMemory<byte> InitiatorStaticKey => _initiatorKey;

    /// <summary>Gets the initiator's payload, not yet parsed.</summary>
    internal ReadOnlyMemory<byte> Payload => _payload;

    /// <summary>Opens msg1. False says only that it was not made for this key and prologue, is damaged or forged.</summary>
    /// <param name="message1">What followed the header; untrusted.</param>
    /// <remarks>
    /// Whatever fails, the same steps run: one decapsulation, one check of the ephemeral key, opening s, opening the
    /// payload. Not equalised: a wrong length, which is public; and inside a hybrid KEM a bad point skips that curve's
    /// multiplication. The static key is not imported here: the caller compares it with its pins, which hold checked
    /// keys, and goes on with the pinned one.
    /// </remarks>
    internal static bool TryOpen(
        KemDecapsulationKey ownStatic,
        ReadOnlySpan<byte> prologue,
        ReadOnlySpan<byte> message1,
        [NotNullWhen(true)] out ResponderOpening? opening)
    {
        opening = null;
        var kem = ownStatic.EncapsulationKey.Kem;
        if (!PqIk.IsMessage1Size(kem, message1.Length))
        {
            return false;
        }

        var state = PqIk.Start(kem, prologue, ownStatic.EncapsulationKey.Bytes.Span);
        var ciphertext1 = message1[..kem.CiphertextSize];
        var rest = message1[kem.CiphertextSize..];
        var valid = PqIk.ReceiveStaticKem(state, ownStatic, ciphertext1, ciphertext1);

        var ephemeralKey = rest[..kem.EncapsulationKeySize];
        rest = rest[kem.EncapsulationKeySize..];
        var ephemeral = kem.TryImportEncapsulationKey(ephemeralKey.ToArray(), KeyFootprint.Compact);
        state.MixHash(ephemeralKey);

        var encryptedSize = state.EncryptedSize(kem.EncapsulationKeySize);
        var initiatorKey = new byte[kem.EncapsulationKeySize];
        valid &= state.TryDecryptAndHash(rest[..encryptedSize], initiatorKey);
        rest = rest[encryptedSize..];
        var payload = new byte[rest.Length - SymmetricState.TagSize];
        valid &= state.TryDecryptAndHash(rest, payload);
        if (!valid || ephemeral is null)
        {
            state.Dispose();
            return false;
        }

        opening = new ResponderOpening(state, ephemeral, initiatorKey, payload);
        return true;
    }

    /// <summary>Writes msg2. Nothing is committed by it: the initiator has yet to confirm.</summary>
    /// <param name="initiator">The pinned key that equals <see cref="InitiatorStaticKey"/>.</param>
    /// <param name="payload">At most <see cref="PqIk.PayloadLengthMax"/> bytes.</param>
    /// <param name="randomness">Exactly <see cref="PqIk.Message2RandomnessSize"/> fresh secret bytes; the caller zeroes them.</param>
    /// <param name="message2">Receives exactly <see cref="PqIk.Message2Size"/> bytes, which follow the header.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="ArgumentException">A length is wrong, or the key is not the one msg1 sent.</exception>
    internal HandshakeOutcome Answer(
        KemEncapsulationKey initiator, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> randomness, Span<byte> message2)
    {
        var kem = _ephemeral.Kem;
        if (!initiator.Bytes.Span.SequenceEqual(_initiatorKey))
        {
            throw new ArgumentException("The key is not the one msg1 sent.", nameof(initiator));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, PqIk.PayloadLengthMax, nameof(payload));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            randomness.Length, PqIk.Message2RandomnessSize(kem), nameof(randomness));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            message2.Length, PqIk.Message2Size(kem, payload.Length), nameof(message2));

        using var state = _afterMessage1.Clone();
        var first = randomness[..kem.EncapsulationRandomnessSize];
        var second = randomness[kem.EncapsulationRandomnessSize..];
        PqIk.SendEphemeralKem(state, _ephemeral, first, message2[..kem.CiphertextSize]);
        var encryptedSize = state.EncryptedSize(kem.CiphertextSize);
        PqIk.SendStaticKem(state, initiator, second, message2.Slice(kem.CiphertextSize, encryptedSize));
        state.EncryptAndHash(payload, message2[(kem.CiphertextSize + encryptedSize)..]);
        return HandshakeOutcome.Of(state);
    }

    public void Dispose() => _afterMessage1.Dispose();
}

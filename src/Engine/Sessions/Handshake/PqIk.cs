using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Names, sizes and shared steps of the pattern pqIK over one KEM. docs/formats/handshake.md.</summary>
/// <remarks>
/// Source: Angel, Dowling, Hülsing, Schwabe, Weber, "Post Quantum Noise", CCS 2022. Vectors: tests/Vectors/pqik.
/// </remarks>
internal static class PqIk
{
    /// <summary>The longest payload in either message, so that nobody makes the other decrypt much.</summary>
    internal const int PayloadLengthMax = Wire.TlvReader.PayloadLengthMax;

    private const int TagSize = SymmetricState.TagSize;

    internal static string ProtocolName(Kem kem) => $"Noise_pqIK_{kem.NoiseName}_AESGCM_SHA512";

    /// <summary>msg1 without its header: <c>ct1 ‖ e ‖ enc(s) ‖ enc(payload)</c>.</summary>
    internal static int Message1Size(Kem kem, int payloadLength) =>
        kem.CiphertextSize + (2 * kem.EncapsulationKeySize) + TagSize + payloadLength + TagSize;

    /// <summary>msg2 without its header: <c>ct2 ‖ enc(ct3) ‖ enc(payload)</c>.</summary>
    internal static int Message2Size(Kem kem, int payloadLength) =>
        (2 * kem.CiphertextSize) + TagSize + payloadLength + TagSize;

    /// <summary>The randomness msg1 consumes: one encapsulation's.</summary>
    internal static int Message1RandomnessSize(Kem kem) => kem.EncapsulationRandomnessSize;

    /// <summary>The randomness msg2 consumes: two encapsulations', ekem's first.</summary>
    internal static int Message2RandomnessSize(Kem kem) => 2 * kem.EncapsulationRandomnessSize;

    internal static bool IsMessage1Size(Kem kem, int length) => IsSize(length, Message1Size(kem, 0));

    internal static bool IsMessage2Size(Kem kem, int length) => IsSize(length, Message2Size(kem, 0));

    internal static SymmetricState Start(Kem kem, ReadOnlySpan<byte> prologue, ReadOnlySpan<byte> responderKey)
    {
        var state = new SymmetricState(ProtocolName(kem));
        state.MixHash(prologue);
        state.MixHash(responderKey);
        return state;
    }

    /// <summary>Sends <c>ekem</c>: the ciphertext in the clear, its secret into the key.</summary>
    internal static void SendEphemeralKem(
        SymmetricState state, KemEncapsulationKey key, ReadOnlySpan<byte> randomness, Span<byte> ciphertext)
    {
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretSize];
        key.Encapsulate(randomness, ciphertext, sharedSecret);
        state.MixHash(ciphertext);
        state.MixKey(sharedSecret);
        CryptographicOperations.ZeroMemory(sharedSecret);
    }

    /// <summary>Sends <c>skem</c>: the ciphertext encrypted as soon as there is a key, its secret into key and hash.</summary>
    internal static void SendStaticKem(
        SymmetricState state, KemEncapsulationKey key, ReadOnlySpan<byte> randomness, Span<byte> encrypted)
    {
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretSize];
        Span<byte> ciphertext = stackalloc byte[CiphertextSizeMax];
        ciphertext = ciphertext[..key.Kem.CiphertextSize];
        key.Encapsulate(randomness, ciphertext, sharedSecret);
        state.EncryptAndHash(ciphertext, encrypted);
        state.MixKeyAndHash(sharedSecret);
        CryptographicOperations.ZeroMemory(sharedSecret);
    }

    /// <summary>Receives <c>ekem</c>. A ciphertext without a valid point mixes zeros and returns false.</summary>
    internal static bool ReceiveEphemeralKem(
        SymmetricState state, KemDecapsulationKey key, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretSize];
        var valid = Decapsulate(key, ciphertext, sharedSecret);
        state.MixHash(ciphertext);
        state.MixKey(sharedSecret);
        CryptographicOperations.ZeroMemory(sharedSecret);
        return valid;
    }

    /// <summary>Receives <c>skem</c>; on any failure the work goes on with other bytes and the answer is false.</summary>
    /// <param name="standIn">Decapsulated when the ciphertext does not decrypt; as long as a ciphertext.</param>
    internal static bool ReceiveStaticKem(
        SymmetricState state, KemDecapsulationKey key, ReadOnlySpan<byte> encrypted, ReadOnlySpan<byte> standIn)
    {
        Span<byte> sharedSecret = stackalloc byte[Kem.SharedSecretSize];
        Span<byte> ciphertext = stackalloc byte[CiphertextSizeMax];
        ciphertext = ciphertext[..standIn.Length];
        var valid = state.TryDecryptAndHash(encrypted, ciphertext);
        if (!valid)
        {
            standIn.CopyTo(ciphertext);
        }

        valid &= Decapsulate(key, ciphertext, sharedSecret);
        state.MixKeyAndHash(sharedSecret);
        CryptographicOperations.ZeroMemory(sharedSecret);
        return valid;
    }

    // The largest mechanism's, MLKEM1024-P384. A larger one would fail the slice above, not overrun it.
    private const int CiphertextSizeMax = 1_665;

    private static bool Decapsulate(KemDecapsulationKey key, ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        var valid = key.TryDecapsulate(ciphertext, sharedSecret);
        if (!valid)
        {
            sharedSecret.Clear();
        }

        return valid;
    }

    private static bool IsSize(int length, int empty) => length >= empty && length <= empty + PayloadLengthMax;
}

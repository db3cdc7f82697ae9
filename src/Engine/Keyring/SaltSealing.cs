using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Keyring;

/// <summary>AES-256-GCM whose key and nonce are derived from a secret and a random salt that is used once.</summary>
/// <remarks><c>key32 ‖ nonce12 = HKDF-SHA512(secret, salt, purpose, 44)</c>. docs/formats/keyring.md section 1.</remarks>
internal static class SaltSealing
{
    internal const int TagSize = 16;
    private const int KeySize = 32;
    private const int NonceSize = 12;

    /// <summary>Seals into <paramref name="output"/>, which receives ciphertext then tag.</summary>
    internal static void Seal(
        SecretBytes secret, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose, ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        Span<byte> derived = stackalloc byte[KeySize + NonceSize];
        try
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA512, secret.Reveal(), derived, salt, purpose);
            using var aead = new AesGcm(derived[..KeySize], TagSize);
            aead.Encrypt(
                derived[KeySize..], plaintext, output[..plaintext.Length], output[plaintext.Length..], associatedData);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>Opens what <see cref="Seal"/> made; <see langword="false"/>, and a zeroed output, when the tag does not verify.</summary>
    internal static bool TryOpen(
        SecretBytes secret, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose, ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> sealedBytes, Span<byte> plaintext)
    {
        Span<byte> derived = stackalloc byte[KeySize + NonceSize];
        try
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA512, secret.Reveal(), derived, salt, purpose);
            using var aead = new AesGcm(derived[..KeySize], TagSize);
            aead.Decrypt(
                derived[KeySize..], sealedBytes[..plaintext.Length], sealedBytes[plaintext.Length..], plaintext,
                associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }
}

using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography;

/// <summary>AES-256-GCM of the platform. A wrong tag costs one exception inside the platform.</summary>
internal sealed class PlatformAeadKey : AeadKey
{
    private readonly AesGcm _aes;

    internal PlatformAeadKey(ReadOnlySpan<byte> key)
    {
        CryptographyArguments.ExactLength(key, KeySize, nameof(key));
        _aes = new AesGcm(key, TagSize);
    }

    internal override void Seal(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> plaintext,
        Span<byte> ciphertext,
        Span<byte> tag) => _aes.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);

    internal override bool TryOpen(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext)
    {
        try
        {
            _aes.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    public override void Dispose() => _aes.Dispose();
}

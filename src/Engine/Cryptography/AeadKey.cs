namespace Kyberium.Engine.Cryptography;

/// <summary>AES-256-GCM under one key: 12-byte nonces, 16-byte tags (NIST SP 800-38D).</summary>
/// <remarks>
/// Not thread-safe: the owner's lock covers each call, and disposal, which zeroes the key. The caller
/// sees to it that no nonce is sealed under twice.
/// </remarks>
internal abstract class AeadKey : IDisposable
{
    internal const int KeySize = 32;
    internal const int NonceSize = 12;
    internal const int TagSize = 16;

    /// <summary>Encrypts and authenticates.</summary>
    /// <param name="nonce">Exactly 12 bytes, never used before with this key.</param>
    /// <param name="associatedData">Authenticated, not encrypted; any length.</param>
    /// <param name="plaintext">Any length; the ciphertext may overwrite it in place.</param>
    /// <param name="ciphertext">As long as the plaintext.</param>
    /// <param name="tag">Exactly 16 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong (caller's bug).</exception>
    internal abstract void Seal(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> plaintext,
        Span<byte> ciphertext,
        Span<byte> tag);

    /// <summary>Verifies and decrypts.</summary>
    /// <param name="nonce">Exactly 12 bytes.</param>
    /// <param name="associatedData">As sealed.</param>
    /// <param name="ciphertext">Any length; the plaintext may overwrite it in place.</param>
    /// <param name="tag">Exactly 16 bytes.</param>
    /// <param name="plaintext">As long as the ciphertext; all zeros when the tag is wrong.</param>
    /// <returns><see langword="false"/> when the tag is wrong.</returns>
    /// <exception cref="ArgumentException">A length is wrong (caller's bug).</exception>
    internal abstract bool TryOpen(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext);

    /// <summary>Fetches the key's state into the processor's cache, ahead of its use. May be called beside the owner's lock.</summary>
    internal virtual void Fetch()
    {
    }

    public abstract void Dispose();
}

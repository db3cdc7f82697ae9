using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Shards;

/// <summary>One peer's own key at rest: what is secret of the peer lies under it, so that deleting its row forgets the peer.</summary>
/// <remarks>
/// A tenure seals under HKDF-Expand-SHA512(key, "kyb1 peer" ‖ salt), with the salt it drew for itself and the nonce from its
/// own counter: nothing depends on a stored number. Not thread-safe: the shard's turn owns it.
/// </remarks>
internal sealed class PeerVault(SecretBytes key, AeadProvider aead) : IDisposable
{
    internal const int KeySize = 64;
    internal const int SaltSize = 16;
    internal const int TagSize = AeadKey.TagSize;

    private Keyed? _keyed;

    /// <summary>Gets the key, to be stored under the shard's data key.</summary>
    internal SecretBytes Key { get; } = key;

    internal void Seal(UInt128 salt, ulong counter, ReadOnlySpan<byte> plaintext, Span<byte> sealedBytes, ReadOnlySpan<byte> associated) =>
        Cipher(salt).Seal(
            Nonce(counter, stackalloc byte[AeadKey.NonceSize]), associated, plaintext, sealedBytes[..plaintext.Length],
            sealedBytes[plaintext.Length..]);

    /// <summary>Opens; <see langword="false"/> when the bytes are not this peer's.</summary>
    internal bool TryOpen(UInt128 salt, ulong counter, ReadOnlySpan<byte> sealedBytes, Span<byte> plaintext, ReadOnlySpan<byte> associated) =>
        Cipher(salt).TryOpen(
            Nonce(counter, stackalloc byte[AeadKey.NonceSize]), associated, sealedBytes[..plaintext.Length],
            sealedBytes[plaintext.Length..], plaintext);

    /// <summary>Gives up the keyed cipher; it is derived again when needed. An idle peer keeps only its key.</summary>
    internal void Rest()
    {
        _keyed?.Cipher.Dispose();
        _keyed = null;
    }

    public void Dispose()
    {
        Rest();
        Key.Dispose();
    }

    private static ReadOnlySpan<byte> Nonce(ulong counter, Span<byte> nonce)
    {
        nonce.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], counter);
        return nonce;
    }

    private AeadKey Cipher(UInt128 salt)
    {
        if (_keyed is { } keyed && keyed.Salt == salt)
        {
            return keyed.Cipher;
        }

        Rest();
        Span<byte> info = stackalloc byte[9 + SaltSize];
        Encoding.ASCII.GetBytes("kyb1 peer", info);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(info[9..], salt);
        Span<byte> derived = stackalloc byte[AeadKey.KeySize];
        HKDF.Expand(HashAlgorithmName.SHA512, Key.Reveal(), derived, info);
        _keyed = new Keyed(aead.CreateKey(derived), salt);
        CryptographicOperations.ZeroMemory(derived);
        return _keyed.Cipher;
    }

    // An object of its own, since an idle peer has none.
    private sealed record Keyed(AeadKey Cipher, UInt128 Salt);
}

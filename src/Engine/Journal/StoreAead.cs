using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Journal;

/// <summary>The cipher of one tenure under one data key: AES-256-GCM, nonces from the tenure's counter.</summary>
/// <remarks>Key: HKDF-SHA512 (RFC 5869) of the data key, no salt, info = "kyb1 store" ‖ shard ‖ fence ‖ tenure. Nonce: four zero bytes,
/// then the counter. Not thread-safe.</remarks>
internal sealed class StoreAead : IDisposable
{
    private const int InfoMax = 128;

    private readonly AeadKey _cipher;

    private StoreAead(AeadKey cipher) => _cipher = cipher;

    internal static StoreAead Derive(
        AeadProvider provider, SecretBytes dataKey, ReadOnlySpan<byte> shard, Fence fence, ReadOnlySpan<byte> tenure)
    {
        Span<byte> info = stackalloc byte[InfoMax];
        var label = "kyb1 store"u8;
        label.CopyTo(info);
        shard.CopyTo(info[label.Length..]);
        var size = label.Length + shard.Length;
        BinaryPrimitives.WriteInt64BigEndian(info[size..], fence.Value);
        tenure.CopyTo(info[(size + sizeof(long))..]);
        size += sizeof(long) + tenure.Length;

        Span<byte> key = stackalloc byte[AeadKey.KeySize];
        try
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA512, dataKey.Reveal(), key, salt: [], info[..size]);
            return new StoreAead(provider.CreateKey(key));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    internal void Seal(ulong counter, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> header)
    {
        Span<byte> nonce = stackalloc byte[AeadKey.NonceSize];
        WriteNonce(nonce, counter);
        _cipher.Seal(nonce, header, plaintext, ciphertext, tag);
    }

    /// <returns>Whether the frame is authentic; if not, <paramref name="plaintext"/> is zeroed.</returns>
    internal bool TryOpen(in StoreFrame frame, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[AeadKey.NonceSize];
        WriteNonce(nonce, frame.Counter);
        return _cipher.TryOpen(nonce, frame.Header, frame.Ciphertext, frame.Tag, plaintext);
    }

    public void Dispose() => _cipher.Dispose();

    private static void WriteNonce(Span<byte> nonce, ulong counter)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[(AeadKey.NonceSize - sizeof(ulong))..], counter);
    }
}

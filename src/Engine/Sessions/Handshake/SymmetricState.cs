using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Noise's symmetric state with AESGCM and SHA512: chaining key, transcript hash, and the key once there is one.</summary>
/// <remarks>
/// Not thread-safe. Disposal zeroes it. Source: The Noise Protocol Framework, revision 34, sections 4, 5.1 and 5.2.
/// Vectors: tests/Vectors/noise.
/// </remarks>
internal sealed class SymmetricState : IDisposable
{
    internal const int HashSize = 64;
    internal const int TagSize = 16;

    /// <summary>The size of both keys of <see cref="Split"/> together.</summary>
    internal const int SplitSize = 2 * KeySize;

    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int KeyOffset = 2 * HashSize;
    private const int StackLengthMax = 2_048;

    // chaining key ‖ hash ‖ key, pinned so that no copy of it is left behind.
    private SecretSlot _state = SecretSlot.Take(KeyOffset + KeySize);
    private AeadKey? _cipher;      // of the key as it is; made when first used
    private ulong _nonce;

    /// <summary>Starts from a protocol name: zero-padded to 64 bytes, or hashed when longer.</summary>
    internal SymmetricState(string protocolName)
    {
        var name = Encoding.ASCII.GetBytes(protocolName);
        if (name.Length <= HashSize)
        {
            name.CopyTo(Hash);
        }
        else
        {
            SHA512.HashData(name, Hash);
        }

        Hash.CopyTo(ChainingKey);
    }

    private SymmetricState(SymmetricState other)
    {
        other.State.CopyTo(State);
        _nonce = other._nonce;
        HasKey = other.HasKey;
    }

    /// <summary>Gets whether ciphertexts carry a tag yet.</summary>
    internal bool HasKey { get; private set; }

    /// <summary>Gets the hash of everything mixed in so far; public.</summary>
    internal ReadOnlySpan<byte> HandshakeHash => Hash;

    private AeadKey Cipher => _cipher ??= AeadProvider.Platform.CreateKey(Key);

    private Span<byte> ChainingKey => State[..HashSize];

    private Span<byte> Hash => State.Slice(HashSize, HashSize);

    private Span<byte> Key => State.Slice(KeyOffset, KeySize);

    private Span<byte> State
    {
        get
        {
            ObjectDisposedException.ThrowIf(!_state.TryGet(out var state), this);
            return state;
        }
    }

    /// <summary>Copies the state, so that one message can be tried without spoiling the attempt.</summary>
    internal SymmetricState Clone()
    {
        _ = State;      // or a disposed one would fail only when the copy has taken its memory
        return new SymmetricState(this);
    }

    internal void MixHash(ReadOnlySpan<byte> data)
    {
        var length = HashSize + data.Length;
        var rented = length > StackLengthMax ? ArrayPool<byte>.Shared.Rent(length) : null;
        var joined = rented is null ? stackalloc byte[StackLengthMax] : rented;     // a copy costs less than a platform's hash object
        Hash.CopyTo(joined);
        data.CopyTo(joined[HashSize..]);
        SHA512.HashData(joined[..length], Hash);
        if (rented is not null)
        {
            CryptographicOperations.ZeroMemory(rented);
            ArrayPool<byte>.Shared.Return(rented);
        }
        else
        {
            CryptographicOperations.ZeroMemory(joined[..length]);
        }
    }

    internal void MixKey(ReadOnlySpan<byte> inputKeyMaterial)
    {
        Span<byte> outputs = stackalloc byte[2 * HashSize];
        Mix(inputKeyMaterial, outputs);
        SetKey(outputs[HashSize..]);
        CryptographicOperations.ZeroMemory(outputs);
    }

    internal void MixKeyAndHash(ReadOnlySpan<byte> inputKeyMaterial)
    {
        Span<byte> outputs = stackalloc byte[3 * HashSize];
        Mix(inputKeyMaterial, outputs);
        MixHash(outputs.Slice(HashSize, HashSize));
        SetKey(outputs[(2 * HashSize)..]);
        CryptographicOperations.ZeroMemory(outputs);
    }

    /// <summary>Gets how long the encryption of a plaintext is: a tag more once there is a key.</summary>
    internal int EncryptedSize(int plaintextLength) => plaintextLength + (HasKey ? TagSize : 0);

    /// <summary>Encrypts, or copies while there is no key, and mixes what was written into the hash.</summary>
    /// <param name="destination">Exactly <see cref="EncryptedSize"/> bytes.</param>
    internal void EncryptAndHash(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        if (HasKey)
        {
            Span<byte> nonce = stackalloc byte[NonceSize];
            WriteNonce(nonce);
            Cipher.Seal(nonce, Hash, plaintext, destination[..^TagSize], destination[^TagSize..]);
            _nonce++;
        }
        else
        {
            plaintext.CopyTo(destination);
        }

        MixHash(destination);
    }

    /// <summary>Decrypts, or copies while there is no key. A ciphertext that does not open changes nothing.</summary>
    /// <param name="plaintext">Exactly as long as the ciphertext without its tag; zeroed on failure.</param>
    internal bool TryDecryptAndHash(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        if (HasKey)
        {
            Span<byte> nonce = stackalloc byte[NonceSize];
            WriteNonce(nonce);
            if (!Cipher.TryOpen(nonce, Hash, ciphertext[..^TagSize], ciphertext[^TagSize..], plaintext))
            {
                return false;
            }

            _nonce++;
        }
        else
        {
            ciphertext.CopyTo(plaintext);
        }

        MixHash(ciphertext);
        return true;
    }

    /// <summary>Gives the two keys, k1 then k2, 32 bytes each.</summary>
    internal SecretBytes Split()
    {
        return SecretBytes.Create(SplitSize, this, static (keys, state) =>
        {
            Span<byte> outputs = stackalloc byte[2 * HashSize];
            Expand(state.ChainingKey, [], outputs);
            outputs[..KeySize].CopyTo(keys);
            outputs.Slice(HashSize, KeySize).CopyTo(keys[KeySize..]);
            CryptographicOperations.ZeroMemory(outputs);
        });
    }

    public void Dispose()
    {
        _cipher?.Dispose();
        _state.GiveBack();
    }

    private void Mix(ReadOnlySpan<byte> inputKeyMaterial, Span<byte> outputs)
    {
        Expand(ChainingKey, inputKeyMaterial, outputs);
        outputs[..HashSize].CopyTo(ChainingKey);
        SecretObservation.See(ChainingKey);
    }

    private void SetKey(ReadOnlySpan<byte> output)
    {
        _cipher?.Dispose();
        _cipher = null;
        output[..KeySize].CopyTo(Key);
        _nonce = 0;
        HasKey = true;
    }

    private void WriteNonce(Span<byte> nonce)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], _nonce);
    }

    // Noise's HKDF is RFC 5869's with an empty info (section 4.3).
    private static void Expand(ReadOnlySpan<byte> chainingKey, ReadOnlySpan<byte> inputKeyMaterial, Span<byte> outputs)
    {
        Span<byte> temporaryKey = stackalloc byte[HashSize];
        Hkdf.Extract(chainingKey, inputKeyMaterial, temporaryKey);
        Hkdf.Expand(temporaryKey, [], outputs);
        CryptographicOperations.ZeroMemory(temporaryKey);
    }
}

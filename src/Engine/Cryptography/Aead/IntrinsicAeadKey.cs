using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>AES-256-GCM over the processor's instructions. A wrong tag costs no exception.</summary>
/// <remarks>Its state is <see cref="GcmPass.StateSize"/> bytes on the pinned heap, where the collector leaves no copies.</remarks>
internal sealed class IntrinsicAeadKey<TGroup> : AeadKey
    where TGroup : struct, IGhashGroup
{
    private const int CacheLineSize = 64;

    private byte[]? _state;

    internal IntrinsicAeadKey(ReadOnlySpan<byte> key)
    {
        CryptographyArguments.ExactLength(key, KeySize, nameof(key));
        var state = IdleKeyState.Take();
        GcmPass.Expand(key, state);
        _state = state;
    }

    internal override void Seal(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        var state = _state;
        ObjectDisposedException.ThrowIf(state is null, this);
        Check(nonce, plaintext, ciphertext, tag);
        var computed = GcmPass.Run<TGroup, Sealing>(
            ref MemoryMarshal.GetArrayDataReference(state), nonce, associatedData,
            ref MemoryMarshal.GetReference(plaintext), ref MemoryMarshal.GetReference(ciphertext), (nuint)plaintext.Length);
        computed.StoreUnsafe(ref MemoryMarshal.GetReference(tag));
    }

    internal override bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        var state = _state;
        ObjectDisposedException.ThrowIf(state is null, this);
        Check(nonce, ciphertext, plaintext, tag);
        var given = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(tag));      // before anything is written: it may lie there
        var computed = GcmPass.Run<TGroup, Opening>(
            ref MemoryMarshal.GetArrayDataReference(state), nonce, associatedData,
            ref MemoryMarshal.GetReference(ciphertext), ref MemoryMarshal.GetReference(plaintext), (nuint)plaintext.Length);
        if (computed == given)      // all 128 bits at once
        {
            return true;
        }

        CryptographicOperations.ZeroMemory(plaintext);
        return false;
    }

    internal override void Fetch()
    {
        if (_state is { } state)
        {
            for (var at = 0; at < state.Length; at += CacheLineSize)
            {
                _ = Volatile.Read(ref state[at]);       // which line is read depends on nothing secret
            }
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _state, null) is { } state)
        {
            IdleKeyState.Return(state);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Check(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, ReadOnlySpan<byte> tag)
    {
        if (nonce.Length != NonceSize || tag.Length != TagSize || source.Length != target.Length
            || (source.Overlaps(target, out var offset) && offset != 0))
        {
            throw Wrong(nonce, source, target, tag);
        }
    }

    private static ArgumentException Wrong(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, ReadOnlySpan<byte> tag) => new(
            $"A nonce has {NonceSize} bytes, a tag {TagSize}; plaintext and ciphertext are of one length and lie in the same place or apart. "
            + $"Given: nonce {nonce.Length}, tag {tag.Length}, from {source.Length} to {target.Length}.");
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>AES-256-GCM over the processor's instructions. A wrong tag costs no exception.</summary>
/// <remarks>Its state is <see cref="GcmPass.StateSize"/> bytes of a pinned slab, where the collector leaves no copies.</remarks>
internal sealed class IntrinsicAeadKey<TGroup> : AeadKey
    where TGroup : struct, IGhashGroup
{
    private SecretSlot _state;

    internal IntrinsicAeadKey(ReadOnlySpan<byte> key)
    {
        CryptographyArguments.ExactLength(key, KeySize, nameof(key));
        _state = SecretSlot.Take(GcmPass.StateSize);
        GcmPass.Expand(key, State);
    }

    internal override void Seal(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        var state = State;
        Check(nonce, plaintext, ciphertext, tag);
        var computed = GcmPass.Run<TGroup, Sealing>(
            ref MemoryMarshal.GetReference(state), nonce, associatedData,
            ref MemoryMarshal.GetReference(plaintext), ref MemoryMarshal.GetReference(ciphertext), (nuint)plaintext.Length);
        computed.StoreUnsafe(ref MemoryMarshal.GetReference(tag));
    }

    internal override bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        var state = State;
        Check(nonce, ciphertext, plaintext, tag);
        var given = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(tag));      // before anything is written: it may lie there
        var computed = GcmPass.Run<TGroup, Opening>(
            ref MemoryMarshal.GetReference(state), nonce, associatedData,
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
        if (_state.TryGet(out var state))
        {
            for (var at = 0; at < state.Length; at += CacheLine.Size)
            {
                CacheLine.Fetch(ref state[at]);     // which line that is depends on nothing secret
            }
        }
    }

    public override void Dispose() => _state.GiveBack();

    private Span<byte> State
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ObjectDisposedException.ThrowIf(!_state.TryGet(out var state), this);
            return state;
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

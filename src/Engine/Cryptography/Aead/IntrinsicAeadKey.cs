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
    private readonly nint _address;     // of the state, so that no record reads the slab's object for it
    private SecretSlot _state;

    internal IntrinsicAeadKey(ReadOnlySpan<byte> key)
    {
        CryptographyArguments.ExactLength(key, KeySize, nameof(key));
        _state = SecretSlot.Take(GcmPass.StateSize);
        _address = _state.Address;
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

    internal override unsafe void Fetch()
    {
        for (var at = 0; at < GcmPass.StateSize; at += CacheLine.Size)
        {
            CacheLine.Fetch(ref ((byte*)_address)[at]);     // which line that is depends on nothing secret; given up or not, it is only a hint
        }
    }

    public override void Dispose() => _state.GiveBack();

    private unsafe Span<byte> State
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ObjectDisposedException.ThrowIf(!_state.IsTaken, this);
            var state = new Span<byte>((void*)_address, GcmPass.StateSize);     // which keeps the slab, as every reference into it does
            GC.KeepAlive(this);
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

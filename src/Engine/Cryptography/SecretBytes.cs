using System.Buffers;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;

namespace Kyberium.Engine.Cryptography;

/// <summary>Secret bytes that are zeroed on disposal, never printed and never compared with <c>==</c>.</summary>
/// <remarks>
/// They lie in a place of a pinned slab, so the garbage collector leaves no copies of them behind. Not thread-safe against its
/// own disposal: the owner disposes after its last use, since the place goes to another secret.
/// </remarks>
internal sealed class SecretBytes : IDisposable
{
    private SecretSlot _slot;

    private SecretBytes(int length) => _slot = SecretSlot.Take(length);

    internal int Length => _slot.Length;

    /// <summary>Copies <paramref name="source"/>; the caller zeroes its own.</summary>
    internal static SecretBytes CopyOf(ReadOnlySpan<byte> source)
    {
        var secret = new SecretBytes(source.Length);
        source.CopyTo(secret.Bytes);
        SecretObservation.See(source);
        return secret;
    }

    /// <summary>Makes a secret of <paramref name="length"/> bytes by letting <paramref name="fill"/> write all of them.</summary>
    internal static SecretBytes Create<TState>(int length, TState state, SpanAction<byte, TState> fill)
    {
        var secret = new SecretBytes(length);
        try
        {
            fill(secret.Bytes, state);
        }
        catch
        {
            secret.Dispose();
            throw;
        }

        SecretObservation.See(secret.Bytes);
        return secret;
    }

    private Span<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(!_slot.TryGet(out var bytes), this);
            return bytes;
        }
    }

    /// <summary>Gives the bytes to the code that computes with them. The name is meant to be searched for.</summary>
    internal ReadOnlySpan<byte> Reveal() => Bytes;

    /// <summary>Compares in time that depends on the lengths only.</summary>
    internal bool FixedTimeEquals(SecretBytes other) => CryptographicOperations.FixedTimeEquals(Reveal(), other.Reveal());

    /// <summary>Zeroes a part in place; the rest stays, also for those who read it meanwhile. Nothing is left to zero after disposal.</summary>
    internal void Erase(int start, int length)
    {
        if (_slot.TryGet(out var bytes))
        {
            CryptographicOperations.ZeroMemory(bytes.Slice(start, length));
        }
    }

    public void Dispose() => _slot.GiveBack();

    public override string ToString() => $"secret of {_slot.Length} bytes";
}

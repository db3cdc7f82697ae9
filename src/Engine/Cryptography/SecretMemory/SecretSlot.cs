using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Cryptography.SecretMemory;

/// <summary>Zeroed memory for one secret, which the garbage collector neither moves nor copies: a place in a pinned slab.</summary>
/// <remarks>
/// <para>A struct inside its one owner, never copied from there. The owner gives it back once, after its last use: what was given back
/// soon belongs to somebody else, so spans of it are not kept. It is zeroed then, and handed out only if it still is: a write after
/// the end is noticed.</para>
/// <para>An owner that is dropped without giving back keeps its place taken, and the secret there, until the whole slab is garbage.
/// Tests count what is out (<see cref="SlabSets.TakenCount"/>) around the work of engines.</para>
/// </remarks>
internal struct SecretSlot
{
    private readonly int _offset;
    private readonly int _length;
    private SecretSlab? _slab;

    private SecretSlot(SecretSlab slab, int offset, int length)
    {
        _slab = slab;
        _offset = offset;
        _length = length;
    }

    internal readonly int Length => _length;

    /// <summary>Gets whether the bytes were not given back.</summary>
    internal readonly bool IsTaken => _slab is not null;

    /// <summary>Gets where the bytes are, for as long as they are not given back and the slot lives: they do not move.</summary>
    internal readonly nint Address => _slab!.AddressOf(_offset);

    /// <summary>Takes a place of <paramref name="length"/> bytes, all zero. Any thread.</summary>
    internal static SecretSlot Take(int length)
    {
        var slab = SlabSets.Of(length) is { } set ? set.Take(out var offset) : SecretSlab.ForOne(length, out offset);
        Invariant.Holds(!slab.Bytes(offset, length).ContainsAnyExcept((byte)0), "nobody writes to the memory of a secret that was given up");
        return new SecretSlot(slab, offset, length);
    }

    /// <summary>Gives the bytes; <see langword="false"/> once they were given back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool TryGet(out Span<byte> bytes)
    {
        if (_slab is { } slab)
        {
            bytes = slab.Bytes(_offset, _length);
            return true;
        }

        bytes = default;
        return false;
    }

    /// <summary>Zeroes the bytes and gives them back. May be repeated, by any thread.</summary>
    internal void GiveBack()
    {
        if (Interlocked.Exchange(ref _slab, null) is { } slab)
        {
            CryptographicOperations.ZeroMemory(slab.Bytes(_offset, _length));
            slab.Set?.GiveBack(slab, _offset);
        }
    }
}

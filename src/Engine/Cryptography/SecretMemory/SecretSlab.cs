using System.Numerics;
using System.Runtime.InteropServices;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Cryptography.SecretMemory;

/// <summary>A pinned array cut into places of one size, each at the start of a cache line.</summary>
/// <remarks>Guarded by its set's lock; the bytes are their owners'.</remarks>
internal sealed class SecretSlab
{
    /// <summary>The bytes of an array, so that with what the runtime puts before it the whole takes 16 KiB: even an engine with few peers
    /// has slabs of some eight sizes.</summary>
    internal const int Size = 16_384 - 32;

    internal const int LineSize = 64;

    private readonly byte[] _bytes;     // held, and found by its address
    private readonly nint _address;
    private readonly int _first;
    private readonly int _placeSize;
    private readonly ulong[] _free;     // a bit for each place
    private int _lowestWord;            // no word below it has a free place

    internal SecretSlab(SlabSet set, int placeSize)
        : this(Size)
    {
        Set = set;
        _placeSize = placeSize;
        PlaceCount = (Size - _first) / placeSize;
        FreeCount = PlaceCount;
        _free = new ulong[(PlaceCount + 63) / 64];
        _free.AsSpan().Fill(ulong.MaxValue);
        _free[^1] >>= (64 * _free.Length) - PlaceCount;
    }

    private SecretSlab(int size)
    {
        _bytes = GC.AllocateArray<byte>(size, pinned: true);
        _address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _first = (int)(-_address & (LineSize - 1));
        _free = [];
    }

    /// <summary>Gets whose it is; <see langword="null"/> when it has one place only, for a secret too long for the sets.</summary>
    internal SlabSet? Set { get; }

    internal int PlaceCount { get; }

    internal int FreeCount { get; private set; }

    /// <summary>Gets or sets the neighbours in its set's list of slabs with a free place.</summary>
    internal SecretSlab? Previous { get; set; }

    internal SecretSlab? Next { get; set; }

    /// <summary>Makes memory of its own for one long secret.</summary>
    internal static SecretSlab ForOne(int length, out int offset)
    {
        var slab = new SecretSlab(length + LineSize);
        offset = slab._first;
        return slab;
    }

    /// <summary>Gives the bytes of a place that was taken. By its address, since asking the array would read its head: a line of memory that nothing else needs.</summary>
    internal unsafe Span<byte> Bytes(int offset, int length)
    {
        var bytes = new Span<byte>((byte*)_address + offset, length);      // which keeps the array, as every reference into it does
        GC.KeepAlive(this);
        return bytes;
    }

    internal nint AddressOf(int offset) => _address + offset;

    /// <summary>Takes a free place, of which there is one.</summary>
    /// <returns>Where it begins.</returns>
    internal int Take()
    {
        while (_free[_lowestWord] == 0)
        {
            _lowestWord++;
        }

        ref var word = ref _free[_lowestWord];
        var place = (64 * _lowestWord) + BitOperations.TrailingZeroCount(word);
        word &= word - 1;
        FreeCount--;
        return _first + (place * _placeSize);
    }

    internal void GiveBack(int offset)
    {
        var place = (offset - _first) / _placeSize;
        var bit = 1UL << (place & 63);
        ref var word = ref _free[place / 64];
        Invariant.Holds((word & bit) == 0, "a place is given back once");
        word |= bit;
        _lowestWord = Math.Min(_lowestWord, place / 64);
        FreeCount++;
    }
}

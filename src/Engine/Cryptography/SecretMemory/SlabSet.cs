namespace Kyberium.Engine.Cryptography.SecretMemory;

/// <summary>All slabs with places of one size. Thread-safe; a call holds the lock for some tens of nanoseconds, or makes a slab.</summary>
/// <remarks>
/// <para>Why slabs: with 200,000 pinned arrays alive the runtime takes up to tens of microseconds to find room for the next
/// (perf/README.md, "How cost grows"); a place costs the same however many are taken.</para>
/// <para>Only slabs with a free place are known here. A full one lives by its secrets alone, so that one whose owners were all dropped is
/// collected. One slab without any secret is kept, further ones go; a slab with one secret stays whole.</para>
/// </remarks>
internal sealed class SlabSet(int placeSize)
{
    private readonly Lock _lock = new();
    private SecretSlab? _first;
    private SecretSlab? _last;
    private int _unusedCount;
    private long _takenCount;

    /// <summary>Gets how many places are out, those of dropped owners with them.</summary>
    internal long TakenCount
    {
        get
        {
            lock (_lock)
            {
                return _takenCount;
            }
        }
    }

    /// <summary>Takes a place, by preference in the slab that has been in the list longest.</summary>
    internal SecretSlab Take(out int offset)
    {
        lock (_lock)
        {
            var slab = _first;
            if (slab is null)
            {
                slab = new SecretSlab(this, placeSize);
                Append(slab);
            }
            else if (slab.FreeCount == slab.PlaceCount)
            {
                _unusedCount--;
            }

            offset = slab.Take();
            if (slab.FreeCount == 0)
            {
                Remove(slab);
            }

            _takenCount++;
            return slab;
        }
    }

    /// <summary>Takes a place back; its bytes are zero.</summary>
    internal void GiveBack(SecretSlab slab, int offset)
    {
        lock (_lock)
        {
            var wasFull = slab.FreeCount == 0;
            slab.GiveBack(offset);
            _takenCount--;
            if (wasFull)
            {
                Append(slab);
            }

            if (slab.FreeCount == slab.PlaceCount)
            {
                Remove(slab);
                if (_unusedCount == 0)
                {
                    _unusedCount = 1;
                    Append(slab);       // last, so that secrets gather in the others
                }
            }
        }
    }

    private void Append(SecretSlab slab)
    {
        (slab.Previous, slab.Next) = (_last, null);
        if (_last is { } last)
        {
            last.Next = slab;
        }
        else
        {
            _first = slab;
        }

        _last = slab;
    }

    private void Remove(SecretSlab slab)
    {
        if (slab.Previous is { } previous)
        {
            previous.Next = slab.Next;
        }
        else
        {
            _first = slab.Next;
        }

        if (slab.Next is { } next)
        {
            next.Previous = slab.Previous;
        }
        else
        {
            _last = slab.Previous;
        }

        (slab.Previous, slab.Next) = (null, null);
    }
}

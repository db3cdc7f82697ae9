namespace Kyberium.Engine.Cluster.Calls;

/// <summary>The requests of one connection that have no answer yet, by correlation number. Pure; its link's lock protects it.</summary>
/// <remarks>A slot is free again only when the answer is there, also when nobody waits for it any more: the other side counts the same way.</remarks>
internal sealed class SlotTable
{
    private readonly Slot[] _slots;
    private readonly ushort[] _uses;
    private readonly Stack<int> _free;

    internal SlotTable(int count)
    {
        _slots = new Slot[count];
        _uses = new ushort[count];
        _free = new Stack<int>(count);
        for (var slot = count - 1; slot >= 0; slot--)
        {
            _free.Push(slot);
        }
    }

    internal int BusyCount => _slots.Length - _free.Count;

    internal bool HasFree => _free.Count > 0;

    /// <summary>Gets the highest slot ever used and one more: sweeps need not look further.</summary>
    internal int UsedCount { get; private set; }

    internal ref Slot this[int slot] => ref _slots[slot];

    internal ref Slot Take()
    {
        var slot = _free.Pop();
        UsedCount = Math.Max(UsedCount, slot + 1);
        ref var taken = ref _slots[slot];
        taken.IsBusy = true;
        taken.Correlation = (uint)(_uses[slot]++ << 16 | slot);
        return ref taken;
    }

    /// <summary>Finds what a correlation number stands for.</summary>
    /// <exception cref="Framing.LinkProtocolException">Nothing: it was answered before, or never asked.</exception>
    internal ref Slot Find(uint correlation)
    {
        var slot = Framing.FrameFormat.SlotOf(correlation);
        if (slot >= _slots.Length || !_slots[slot].IsBusy || _slots[slot].Correlation != correlation)
        {
            throw new Framing.LinkProtocolException("an answer to what was not asked");
        }

        return ref _slots[slot];
    }

    internal void Free(ref Slot slot)
    {
        var number = Framing.FrameFormat.SlotOf(slot.Correlation);
        slot = default;
        _free.Push(number);
    }
}

/// <summary>One request without an answer.</summary>
internal struct Slot
{
    internal bool IsBusy;

    internal uint Correlation;

    /// <summary>Whose it is; settled when nobody waits any more.</summary>
    internal Pending Pending;

    internal int PayloadLength;

    /// <summary>How much of a payload in pieces was sent.</summary>
    internal int SentLength;

    internal bool IsCancelled;

    /// <summary>The answer's payload as far as it is there; <see langword="null"/>: it does not come in pieces, or nobody waits for it.</summary>
    internal byte[]? Arriving;

    internal int ArrivingLength;

    internal int ArrivedLength;

    internal readonly bool IsInPieces => PayloadLength > Framing.FrameFormat.PieceBytesMax;
}

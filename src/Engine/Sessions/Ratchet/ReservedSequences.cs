using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>The highest sequence whose plaintext may be shown, for each incarnation of an epoch: mostly one, at most
/// <see cref="Traffic.TrafficLimits.IncarnationsHard"/>.</summary>
/// <remarks>Ordered by incarnation, as it is stored. Mutable, so it stands in a field of its owner.</remarks>
internal struct ReservedSequences
{
    private (Incarnation Incarnation, ulong Through)[]? _entries;

    internal readonly int Count => _entries?.Length ?? 0;

    /// <summary>Gives the reservations as they are now, in ascending order of incarnation.</summary>
    internal readonly ReadOnlySpan<(Incarnation Incarnation, ulong Through)> Entries => _entries;

    internal readonly bool TryGetValue(Incarnation incarnation, out ulong through)
    {
        var found = TryFind(incarnation, out var at);
        through = found ? _entries![at].Through : 0;
        return found;
    }

    internal void Set(Incarnation incarnation, ulong through)
    {
        if (TryFind(incarnation, out var at))
        {
            _entries![at].Through = through;
        }
        else
        {
            Insert(at, incarnation, through);
        }
    }

    /// <summary>Adds one; <see langword="false"/> when there is one of the incarnation already.</summary>
    internal bool TryAdd(Incarnation incarnation, ulong through)
    {
        if (TryFind(incarnation, out var at))
        {
            return false;
        }

        Insert(at, incarnation, through);
        return true;
    }

    private void Insert(int at, Incarnation incarnation, ulong through)
    {
        // No room to spare: an incarnation is added once in a process of the peer's.
        var before = Entries;
        var entries = new (Incarnation Incarnation, ulong Through)[before.Length + 1];
        before[..at].CopyTo(entries);
        entries[at] = (incarnation, through);
        before[at..].CopyTo(entries.AsSpan(at + 1));
        _entries = entries;
    }

    private readonly bool TryFind(Incarnation incarnation, out int at)
    {
        var (low, end) = (0, Count);
        while (low < end)
        {
            var middle = (low + end) / 2;
            var other = _entries![middle].Incarnation;
            if (other == incarnation)
            {
                at = middle;
                return true;
            }

            var isBefore = other.High < incarnation.High || (other.High == incarnation.High && other.Low < incarnation.Low);
            (low, end) = isBefore ? (middle + 1, end) : (low, middle);
        }

        at = low;
        return false;
    }
}

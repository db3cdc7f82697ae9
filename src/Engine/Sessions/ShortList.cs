using System.Collections;

namespace Kyberium.Engine.Sessions;

/// <summary>A list for what is mostly empty or one: no object until the first item, and then one array with no room to spare.</summary>
/// <remarks>Mutable, so it stands in a field of its owner, never behind a property. Room doubles; an emptied list keeps none.</remarks>
/// <typeparam name="T">What it holds.</typeparam>
internal struct ShortList<T> : IReadOnlyList<T>
{
    private T[]? _items;

    public int Count { readonly get; private set; }

    public readonly T this[int index] => Items[index];

    internal readonly ReadOnlySpan<T> Items => _items.AsSpan(0, Count);

    internal void Add(T item)
    {
        if (_items is null || Count == _items.Length)
        {
            Array.Resize(ref _items, Math.Max(1, Count * 2));
        }

        _items[Count++] = item;
    }

    internal void AddRange(IEnumerable<T> items)
    {
        foreach (var item in items)
        {
            Add(item);
        }
    }

    /// <summary>Adds at the end and gives up the oldest when there are more than <paramref name="countMax"/>.</summary>
    internal void AddNewest(T item, int countMax)
    {
        Add(item);
        if (Count > countMax)
        {
            RemoveAt(0);
        }
    }

    internal void RemoveAt(int index)
    {
        var left = _items.AsSpan(0, Count);
        left[(index + 1)..].CopyTo(left[index..]);
        left[^1] = default!;
        if (--Count == 0)
        {
            _items = null;
        }
    }

    /// <summary>Removes an item; <see langword="false"/> when it is not there.</summary>
    internal bool Remove(T item)
    {
        var index = IndexOf(item);
        if (index >= 0)
        {
            RemoveAt(index);
        }

        return index >= 0;
    }

    internal readonly bool Contains(T item) => IndexOf(item) >= 0;

    internal readonly int IndexOf(T item) => _items is null ? -1 : Array.IndexOf(_items, item, 0, Count);

    internal void Clear() => this = default;

    /// <summary>Walks the items there are now; what is added meanwhile is not seen.</summary>
    public readonly ReadOnlySpan<T>.Enumerator GetEnumerator() => Items.GetEnumerator();

    readonly IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)Items.ToArray()).GetEnumerator();

    readonly IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable<T>)this).GetEnumerator();
}

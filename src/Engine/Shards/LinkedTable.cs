using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Shards;

/// <summary>How a <see cref="LinkedTable{TKey, TItem, TLinks}"/> sees its items.</summary>
internal interface ITableLinks<TKey, TItem>
    where TItem : class
{
    /// <summary>Gives an item's key, which never changes.</summary>
    static abstract TKey KeyOf(TItem item);

    /// <summary>Gives the item's field for the item behind it, which belongs to the table.</summary>
    static abstract ref TItem? Next(TItem item);
}

/// <summary>Says which of several items under one key is meant.</summary>
internal interface ITableFilter<in TItem>
{
    bool Takes(TItem item);
}

/// <summary>A hash table whose items are its own links: none costs an object beside it, and finding one reads no line of memory but its own.</summary>
/// <remarks>
/// <para>Thread-safe. Finding takes no lock; the rest does. An item is in one table, once: an item that was removed keeps its link, by which
/// those who stand on it go on, and is never added again.</para>
/// <para>Growing relinks the items in place. Who looked meanwhile may have strayed into another chain and missed one: it sees by the
/// version that it has to look again, under the lock.</para>
/// </remarks>
internal sealed class LinkedTable<TKey, TItem, TLinks>
    where TKey : struct, IEquatable<TKey>
    where TItem : class
    where TLinks : struct, ITableLinks<TKey, TItem>
{
    private const int BucketCountMin = 16;

    private readonly Lock _writing = new();
    private TItem?[] _buckets = new TItem?[BucketCountMin];     // a power of two
    private int _count;
    private int _version;       // odd while items are relinked

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Finds the item under a key; <see langword="null"/> when there is none.</summary>
    internal TItem? Find(in TKey key) => Find(key, default(All));

    /// <summary>Finds the first item under a key that the filter takes.</summary>
    internal TItem? Find<TFilter>(in TKey key, TFilter filter)
        where TFilter : struct, ITableFilter<TItem>
    {
        var version = Volatile.Read(ref _version);
        if (Search(Volatile.Read(ref _buckets), key, filter) is { } found)
        {
            return found;
        }

        return (version & 1) == 0 && Volatile.Read(ref _version) == version ? null : SearchAlone(key, filter);
    }

    /// <summary>Fetches what <see cref="Find(in TKey)"/> will most likely give into the processor's cache.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="size">How much of it.</param>
    internal void Fetch(in TKey key, int size)
    {
        var buckets = Volatile.Read(ref _buckets);
        if (Volatile.Read(ref buckets[PlaceOf(key, buckets)]) is { } first)
        {
            CacheLine.Fetch(first, size);
        }
    }

    /// <summary>Adds an item, whatever else is under its key.</summary>
    internal void Add(TItem item)
    {
        lock (_writing)
        {
            Insert(item);
        }
    }

    /// <summary>Adds an item; <see langword="false"/> when there is one under its key.</summary>
    internal bool TryAdd(TItem item)
    {
        lock (_writing)
        {
            if (Search(_buckets, TLinks.KeyOf(item), default(All)) is not null)
            {
                return false;
            }

            Insert(item);
            return true;
        }
    }

    /// <summary>Removes this item; <see langword="false"/> when it is not there.</summary>
    internal bool Remove(TItem item)
    {
        lock (_writing)
        {
            ref var link = ref _buckets[PlaceOf(TLinks.KeyOf(item), _buckets)];
            while (link is { } linked)
            {
                if (ReferenceEquals(linked, item))
                {
                    Volatile.Write(ref link, TLinks.Next(item));
                    _count--;
                    return true;
                }

                link = ref TLinks.Next(linked);
            }

            return false;
        }
    }

    /// <summary>Gives all items there are at one moment.</summary>
    internal TItem[] ToArray()
    {
        lock (_writing)
        {
            var items = new TItem[_count];
            var at = 0;
            foreach (var first in _buckets)
            {
                for (var item = first; item is not null; item = TLinks.Next(item))
                {
                    items[at++] = item;
                }
            }

            return items;
        }
    }

    private static TItem? Search<TFilter>(TItem?[] buckets, in TKey key, TFilter filter)
        where TFilter : struct, ITableFilter<TItem>
    {
        var item = Volatile.Read(ref buckets[PlaceOf(key, buckets)]);
        while (item is not null && !(TLinks.KeyOf(item).Equals(key) && filter.Takes(item)))
        {
            item = Volatile.Read(ref TLinks.Next(item));
        }

        return item;
    }

    private TItem? SearchAlone<TFilter>(in TKey key, TFilter filter)
        where TFilter : struct, ITableFilter<TItem>
    {
        lock (_writing)
        {
            return Search(_buckets, key, filter);
        }
    }

    private void Insert(TItem item)
    {
        if (_count >= _buckets.Length)
        {
            Grow();
        }

        ref var bucket = ref _buckets[PlaceOf(TLinks.KeyOf(item), _buckets)];
        TLinks.Next(item) = bucket;
        Volatile.Write(ref bucket, item);
        _count++;
    }

    private void Grow()
    {
        var grown = new TItem?[2 * _buckets.Length];
        Interlocked.Increment(ref _version);
        foreach (var first in _buckets)
        {
            for (var item = first; item is not null;)
            {
                ref var next = ref TLinks.Next(item);
                ref var bucket = ref grown[PlaceOf(TLinks.KeyOf(item), grown)];
                var behind = next;
                Volatile.Write(ref next, bucket);
                bucket = item;
                item = behind;
            }
        }

        Volatile.Write(ref _buckets, grown);
        Interlocked.Increment(ref _version);
    }

    private static int PlaceOf(in TKey key, TItem?[] buckets) => key.GetHashCode() & (buckets.Length - 1);

    private readonly struct All : ITableFilter<TItem>
    {
        public bool Takes(TItem item) => true;
    }
}

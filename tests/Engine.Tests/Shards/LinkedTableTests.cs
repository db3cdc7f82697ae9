using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: what is in the table is found, at any moment, by any thread; nothing else is. Method: a dictionary beside it, and readers beside a writer.</summary>
public sealed class LinkedTableTests
{
    private readonly LinkedTable<Key, Item, Item.Links> _table = new();

    [Fact]
    public void It_holds_what_a_dictionary_holds()
    {
        var random = new Random(7);
        var expected = new Dictionary<Key, Item>();
        for (var step = 0; step < 20_000; step++)
        {
            var key = new Key(random.Next(2_000), random.Next(3));
            if (expected.TryGetValue(key, out var known) && random.Next(2) == 0)
            {
                Assert.True(_table.Remove(known));
                Assert.False(_table.Remove(known));
                expected.Remove(key);
            }
            else
            {
                var item = new Item(key);
                Assert.Equal(expected.TryAdd(key, item), _table.TryAdd(item));
            }
        }

        Assert.Equal(expected.Count, _table.Count);
        Assert.Equal(expected.Values.ToHashSet(), _table.ToArray().ToHashSet());
        Assert.All(expected, entry => Assert.Same(entry.Value, _table.Find(entry.Key)));
        Assert.Null(_table.Find(new Key(-1, 0)));
    }

    [Fact]
    public void Of_several_under_one_key_the_filter_chooses_and_each_goes_by_itself()
    {
        var key = new Key(1, 1);
        var (older, newer) = (new Item(key), new Item(key));
        _table.Add(older);
        _table.Add(newer);
        for (var i = 0; i < 100; i++)
        {
            _table.Add(new Item(new Key(i + 2, 0)));    // grows, which turns the order round
        }

        Assert.Same(older, _table.Find(key, new Only(older)));
        Assert.Same(newer, _table.Find(key, new Only(newer)));
        Assert.True(_table.Remove(newer));
        Assert.Null(_table.Find(key, new Only(newer)));
        Assert.Same(older, _table.Find(key));
    }

    // An item that is there all the time is found while others come, go and have the table grow.
    [Fact]
    public async Task A_reader_misses_nothing_while_the_table_grows_and_shrinks()
    {
        var kept = Enumerable.Range(0, 512).Select(number => new Item(new Key(number, number % 7))).ToArray();
        Array.ForEach(kept, _table.Add);
        using var ended = new CancellationTokenSource();
        var looked = 0L;
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!ended.IsCancellationRequested)
            {
                var wanted = kept[random.Next(kept.Length)];
                Assert.Same(wanted, _table.Find(wanted.Key));
                Interlocked.Increment(ref looked);
            }
        })).ToArray();

        while (Interlocked.Read(ref looked) == 0)
        {
            await Task.Yield();
        }

        for (var round = 0; round < 20; round++)
        {
            var others = Enumerable.Range(1_000, 1_000 << (round / 4)).Select(number => new Item(new Key(number, number % 5))).ToArray();
            Array.ForEach(others, _table.Add);
            Assert.All(others, item => Assert.True(_table.Remove(item)));
        }

        await ended.CancelAsync();
        await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(kept.Length, _table.Count);
    }

    /// <summary>A key whose hash is bad on purpose: chains are long.</summary>
    private readonly record struct Key(int Number, int Bucket)
    {
        public override int GetHashCode() => (Number / 4 * 8) + Bucket;
    }

    private sealed class Item(Key key)
    {
        private Item? _next;

        internal Key Key => key;

        internal readonly struct Links : ITableLinks<Key, Item>
        {
            public static Key KeyOf(Item item) => item.Key;

            public static ref Item? Next(Item item) => ref item._next;
        }
    }

    private readonly struct Only(Item item) : ITableFilter<Item>
    {
        public bool Takes(Item other) => other == item;
    }
}

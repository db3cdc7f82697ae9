using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>The collections of a peer's state that cost nothing while they are empty, against the framework's that do.</summary>
public sealed class ShortListTests
{
    /// <summary>Thousands of random steps on both; after each they hold the same, in the same order.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_short_list_does_what_a_list_does(int seed)
    {
        var random = new Random(seed);
        var list = new List<int>();
        var shortList = default(ShortList<int>);
        for (var step = 0; step < 5_000; step++)
        {
            var item = random.Next(20);
            switch (random.Next(6))
            {
                case 0 or 1:
                    list.Add(item);
                    shortList.Add(item);
                    break;
                case 2:
                    list.Add(item);
                    list.RemoveRange(0, Math.Max(0, list.Count - 4));
                    while (shortList.Count >= 4)
                    {
                        shortList.RemoveAt(0);
                    }

                    shortList.AddNewest(item, countMax: 4);
                    break;
                case 3:
                    Assert.Equal(list.Remove(item), shortList.Remove(item));
                    break;
                case 4 when list.Count > 0:
                    list.RemoveAt(item % list.Count);
                    shortList.RemoveAt(item % shortList.Count);
                    break;
                case 5 when item == 0:
                    list.Clear();
                    shortList.Clear();
                    break;
                default:
                    break;
            }

            Assert.Equal(list, shortList);
            Assert.Equal(list, shortList.Items.ToArray());
            Assert.Equal(list.IndexOf(item), shortList.IndexOf(item));
            Assert.Equal(list.Contains(item), shortList.Contains(item));
        }
    }

    [Fact]
    public void The_newest_stay_when_there_are_too_many()
    {
        var list = default(ShortList<int>);
        for (var item = 0; item < 10; item++)
        {
            list.AddNewest(item, countMax: 3);
        }

        Assert.Equal([7, 8, 9], list);
    }

    [Fact]
    public void An_item_beyond_the_last_is_not_given_though_there_is_room_for_one()
    {
        var list = default(ShortList<int>);
        list.AddRange([1, 2, 3]);
        list.RemoveAt(2);

        Assert.Throws<IndexOutOfRangeException>(() => list[2]);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Reservations_are_kept_as_a_sorted_dictionary_keeps_them(int seed)
    {
        var random = new Random(seed);
        var expected = new SortedDictionary<(ulong, ulong), ulong>();
        var reserved = default(ReservedSequences);
        for (var step = 0; step < 2_000; step++)
        {
            var incarnation = new Incarnation((ulong)random.Next(8), (ulong)random.Next(8) << 61);
            var key = (incarnation.High, incarnation.Low);
            var through = (ulong)random.Next(1_000);
            if (random.Next(2) == 0)
            {
                expected[key] = through;
                reserved.Set(incarnation, through);
            }
            else
            {
                Assert.Equal(expected.TryAdd(key, through), reserved.TryAdd(incarnation, through));
            }

            Assert.True(reserved.TryGetValue(incarnation, out var kept));
            Assert.Equal(expected[key], kept);
            Assert.False(reserved.TryGetValue(new Incarnation(9, 9), out _));
            Assert.Equal(expected.Count, reserved.Count);
            Assert.Equal(expected.Select(pair => (new Incarnation(pair.Key.Item1, pair.Key.Item2), pair.Value)), reserved.Entries.ToArray());
        }
    }
}

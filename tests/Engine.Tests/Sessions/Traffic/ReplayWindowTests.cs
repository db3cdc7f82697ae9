using Kyberium.Engine.Sessions.Traffic;

namespace Kyberium.Engine.Tests.Sessions.Traffic;

/// <summary>The replay window against a set of everything opened. Goal: never twice, and nothing within reach refused.</summary>
public sealed class ReplayWindowTests
{
    private static readonly int[] Jumps = [1, 2, 3, 30, 63, 64, 65, 66, 127, 128, 500, 1_983, 1_984, 2_047, 2_048, 2_049, 2_112, 2_113, 2_177, 5_000];

    public static TheoryData<int, int> Cases => new()
    {
        { 1, 3 }, { 2, 40 }, { 3, 70 }, { 4, 500 }, { 5, 2_047 }, { 6, 2_500 }, { 7, 20_000 }, { 8, 1 },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Window_agrees_with_a_set(int seed, int spread)
    {
        foreach (var floor in new ulong[] { 0, 1, 63, 64, 100, 65_536, 65_600 })
        {
            var random = new Random(seed);
            var window = new ReplayWindow(floor);
            var opened = new HashSet<ulong>();
            for (var step = 0; step < 4_000; step++)
            {
                var sequence = (ulong)Math.Max(0, (long)window.End + random.Next(-spread, 3 + (spread / 20)));
                var reachable = sequence >= floor && (sequence >= window.End || window.End - sequence <= ReplayWindow.Reach);
                var expected = reachable && !opened.Contains(sequence);
                Assert.True(expected == window.IsFresh(sequence), $"seed {seed}, spread {spread}, floor {floor}, step {step}, sequence {sequence}");
                if (expected)
                {
                    window.Mark(sequence);
                    opened.Add(sequence);
                }

                if (step % 97 == 0)
                {
                    window.Compact();
                }

                if (step % 211 == 0)
                {
                    window = Copy(window);
                }
            }
        }
    }

    // Gaps are filled from both ends, so that windows turn full, compact and full again with gaps among the latest 64.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Window_whose_gaps_are_filled_agrees_with_a_set(int seed)
    {
        foreach (var floor in new ulong[] { 0, 1, 40, 63, 64, 65, 100, 65_536 })
        {
            var random = new Random(seed);
            var window = new ReplayWindow(floor);
            var gaps = new SortedSet<ulong>();
            for (var round = 0; round < 20; round++)
            {
                Advance(ref window, gaps, Jumps[random.Next(Jumps.Length)]);
                for (var step = random.Next(8); step > 0; step--)
                {
                    Advance(ref window, gaps, random.Next(1, 12));
                }

                var left = random.Next(3) * random.Next(8);
                while (gaps.Count > left)
                {
                    var filled = random.Next(3) == 0 ? gaps.Max : gaps.Min;
                    window.Mark(filled);
                    gaps.Remove(filled);
                }

                AssertAgrees(window, gaps, $"seed {seed}, floor {floor}, round {round}, before");
                window.Compact();
                AssertAgrees(window, gaps, $"seed {seed}, floor {floor}, round {round}, compacted");
                Assert.True(window.IsFull || !gaps.Any(gap => window.End - gap > 64), "a compact window holds no gap further back");
            }
        }
    }

    [Fact]
    public void Gaps_among_the_latest_64_need_no_block()
    {
        var window = new ReplayWindow(0);
        window.Mark(63);
        window.Mark(20);
        Assert.False(window.IsFull);
        Assert.True(window.IsFresh(0));
        window.Mark(64);                    // 0 leaves the 64, and it was not opened
        Assert.True(window.IsFull);
        Assert.True(window.IsFresh(0));
        Assert.False(window.IsFresh(20));
    }

    [Fact]
    public void A_jump_of_64_past_a_window_without_gaps_leaves_all_between_fresh()
    {
        var window = new ReplayWindow(64);
        window.Mark(127);
        Assert.False(window.IsFull);
        Assert.All(Enumerable.Range(64, 63), sequence => Assert.True(window.IsFresh((ulong)sequence), $"{sequence}"));
        Assert.False(window.IsFresh(63));
        Assert.False(window.IsFresh(127));
    }

    [Fact]
    public void A_jump_of_64_past_64_opened_leaves_all_between_fresh()
    {
        var window = new ReplayWindow(0);
        for (var sequence = 0UL; sequence < 64; sequence++)
        {
            window.Mark(sequence);
        }

        window.Mark(127);
        Assert.False(window.IsFull);
        Assert.All(Enumerable.Range(64, 63), sequence => Assert.True(window.IsFresh((ulong)sequence), $"{sequence}"));
        Assert.False(window.IsFresh(63));
    }

    // 200 is the highest, so 137 is the oldest of the latest 64; 10 is the first sequence of all.
    [Theory]
    [InlineData(10, true)]
    [InlineData(136, true)]
    [InlineData(137, false)]
    public void A_gap_keeps_the_block_until_it_lies_in_the_latest_64(ulong gap, bool full)
    {
        var window = new ReplayWindow(10);
        window.Mark(200);
        for (var sequence = 10UL; sequence < 200; sequence++)
        {
            if (sequence != gap)
            {
                window.Mark(sequence);
            }
        }

        window.Compact();
        Assert.Equal(full, window.IsFull);
        Assert.True(window.IsFresh(gap));
        window.Mark(gap);
        window.Compact();
        Assert.False(window.IsFull);
        Assert.False(window.IsFresh(gap));
    }

    [Fact]
    public void Records_in_order_never_need_the_block()
    {
        var window = new ReplayWindow(0);
        for (var sequence = 0UL; sequence < 10_000; sequence++)
        {
            window.Mark(sequence);
            Assert.False(window.IsFull);
        }
    }

    [Fact]
    public void Window_is_compact_again_once_its_gap_is_filled()
    {
        var window = new ReplayWindow(0);
        foreach (var sequence in Enumerable.Range(0, 500).Where(i => i != 100))
        {
            window.Mark((ulong)sequence);
        }

        window.Compact();
        Assert.True(window.IsFull);
        window.Mark(100);
        window.Compact();
        Assert.False(window.IsFull);
        Assert.False(window.IsFresh(100));
    }

    private static void Advance(ref ReplayWindow window, SortedSet<ulong> gaps, int by)
    {
        var sequence = window.End + (ulong)by - 1;
        for (var gap = Math.Max(window.End, sequence + 1 - Math.Min(sequence + 1, ReplayWindow.Reach)); gap < sequence; gap++)
        {
            gaps.Add(gap);
        }

        window.Mark(sequence);
        while (gaps.Count > 0 && window.End - gaps.Min > ReplayWindow.Reach)
        {
            gaps.Remove(gaps.Min);
        }
    }

    private static void AssertAgrees(ReplayWindow window, SortedSet<ulong> gaps, string where)
    {
        for (var back = 0UL; back < ReplayWindow.Reach + 70 && back < window.End; back++)
        {
            var sequence = window.End - 1 - back;
            if (gaps.Contains(sequence) != window.IsFresh(sequence))
            {
                Assert.Fail($"{where}, {sequence} of {window.End}");
            }
        }

        Assert.True(window.IsFresh(window.End));
    }

    private static ReplayWindow Copy(ReplayWindow window)
    {
        var bytes = new byte[ReplayWindow.EncodedSizeMax];
        var size = window.Write(bytes);
        Assert.True(ReplayWindow.TryRead(bytes.AsSpan(0, size), out var copy, out var read));
        Assert.Equal(size, read);
        return copy;
    }
}

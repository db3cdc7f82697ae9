using Kyberium.Engine.Sessions.Traffic;

namespace Kyberium.Engine.Tests.Sessions.Traffic;

/// <summary>The replay window against a set of everything opened. Goal: never twice, and nothing within reach refused.</summary>
public sealed class ReplayWindowTests
{
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

    private static ReplayWindow Copy(ReplayWindow window)
    {
        var bytes = new byte[ReplayWindow.EncodedSizeMax];
        var size = window.Write(bytes);
        Assert.True(ReplayWindow.TryRead(bytes.AsSpan(0, size), out var copy, out var read));
        Assert.Equal(size, read);
        return copy;
    }
}

using System.Numerics;

namespace Kyberium.Measuring;

/// <summary>Counts latencies in buckets of at most 1/64 of their value, up to 2^40 ns. Thread-safe; never grows.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int RangeCount = 40 - SubBits;

    private readonly long[] _counts = new long[(RangeCount + 1) << SubBits];

    internal long Count => _counts.Sum();

    internal static LatencyHistogram Sum(IEnumerable<LatencyHistogram> parts)
    {
        var sum = new LatencyHistogram();
        foreach (var part in parts)
        {
            for (var bucket = 0; bucket < sum._counts.Length; bucket++)
            {
                sum._counts[bucket] += part._counts[bucket];
            }
        }

        return sum;
    }

    internal void Add(long nanoseconds) => Interlocked.Increment(ref _counts[BucketOf(Math.Max(0, nanoseconds))]);

    /// <summary>Gets the latency that a share of all were at or below, in nanoseconds: the upper end of its bucket.</summary>
    /// <param name="share">From 0 to 1, e.g. 0.999.</param>
    internal double Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(Count * share);
        long seen = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted && seen > 0)
            {
                return UpperEnd(bucket);
            }
        }

        return 0;
    }

    // Below 2^SubBits each value has a bucket of its own; above, each power of two is cut into 2^SubBits pieces.
    private static int BucketOf(long nanoseconds)
    {
        var range = Math.Max(0, 64 - SubBits - BitOperations.LeadingZeroCount((ulong)nanoseconds));
        return range >= RangeCount
            ? (RangeCount << SubBits) + (1 << SubBits) - 1
            : (int)((range << SubBits) + (range == 0 ? nanoseconds : (nanoseconds >> (range - 1)) - (1 << SubBits)));
    }

    private static double UpperEnd(int bucket)
    {
        var range = bucket >> SubBits;
        long piece = bucket & ((1 << SubBits) - 1);
        return range == 0 ? piece : ((piece + (1 << SubBits) + 1) << (range - 1)) - 1;
    }
}

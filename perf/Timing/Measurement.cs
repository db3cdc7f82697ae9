using System.Diagnostics;

namespace Kyberium.Timing;

/// <summary>Measures a subject by dudect's method: classes drawn at random, Welch's t over all times and over those below a row of cut-offs.</summary>
/// <remarks>
/// Source: Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", DATE 2017. Times are skewed by whatever else the machine
/// does; the cut-offs, taken from a first batch that is thrown away, keep a difference in the fast part from drowning in it.
/// </remarks>
internal static class Measurement
{
    /// <summary>Where dudect sees proof of a leak.</summary>
    internal const double Threshold = 10;

    private const int CropCount = 20;
    private const int PoolSize = 512;

    internal static TimingResult Run(TimingSubject subject, int count, int seed)
    {
        var random = new Random(seed);
        var pool = Draw(subject, random);
        var crops = Crops(Batch(subject, pool, Math.Min(count, 10_000), random));
        var tests = Enumerable.Range(0, crops.Length + 1).Select(_ => new WelchTest()).ToArray();
        foreach (var (group, ticks) in Batch(subject, pool, count, random))
        {
            tests[^1].Add(group, ticks);
            for (var i = 0; i < crops.Length; i++)
            {
                if (ticks < crops[i])
                {
                    tests[i].Add(group, ticks);
                }
            }
        }

        return new TimingResult(subject, count, tests.Max(test => Math.Abs(test.T)));
    }

    private static (int Group, byte[] Input)[] Draw(TimingSubject subject, Random random)
    {
        var pool = new (int Group, byte[] Input)[PoolSize];
        for (var i = 0; i < pool.Length; i++)
        {
            pool[i] = (i & 1, new byte[subject.InputSize]);
            subject.Draw(i & 1, random, pool[i].Input);
        }

        return pool;
    }

    private static IEnumerable<(int Group, long Ticks)> Batch(TimingSubject subject, (int Group, byte[] Input)[] pool, int count, Random random)
    {
        var input = new byte[subject.InputSize];
        for (var i = 0; i < count; i++)
        {
            var (group, drawn) = pool[random.Next(pool.Length)];
            drawn.CopyTo(input, 0);     // the same place for both classes
            var began = Stopwatch.GetTimestamp();
            for (var repeat = 0; repeat < subject.Repeats; repeat++)
            {
                subject.Run(input);
            }

            yield return (group, Stopwatch.GetTimestamp() - began);
        }
    }

    // dudect's percentiles: 1 - 0.5^(10 (i + 1) / count), dense towards the slow end.
    private static double[] Crops(IEnumerable<(int Group, long Ticks)> first)
    {
        var sorted = first.Select(measured => measured.Ticks).Order().ToArray();
        return [.. Enumerable.Range(0, CropCount).Select(i =>
            (double)sorted[(int)((sorted.Length - 1) * (1 - Math.Pow(0.5, 10.0 * (i + 1) / CropCount)))])];
    }
}

/// <summary>What came of one subject: the largest |t| of all cut-offs.</summary>
internal sealed record TimingResult(TimingSubject Subject, int Count, double T)
{
    internal bool IsAsExpected => Subject.Leaks == T > Measurement.Threshold;

    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Subject.Name,-82} {Count,10:N0} {T,10:F1}   {(T > Measurement.Threshold ? "leaks" : "no leak seen")}{(Subject.Leaks ? " (control: must leak)" : string.Empty)}");
}

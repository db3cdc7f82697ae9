using System.Globalization;
using System.Xml.Linq;
using Kyberium.Curves;
using Kyberium.Measuring;
using Kyberium.Timing;

namespace Kyberium.Samples.Tests;

/// <summary>The arithmetic behind reported figures, against values worked out another way.</summary>
public sealed class MeasuringTests
{
    [Fact]
    public void Welchs_t_is_that_of_the_formula()
    {
        double[] first = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        double[] second = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4];
        var test = new WelchTest();
        foreach (var (group, value) in first.Select(value => (0, value)).Concat(second.Select(value => (1, value))))
        {
            test.Add(group, value);
        }

        static double Variance(double[] values) => values.Sum(value => Math.Pow(value - values.Average(), 2)) / (values.Length - 1);
        var expected = (first.Average() - second.Average())
            / Math.Sqrt((Variance(first) / first.Length) + (Variance(second) / second.Length));
        Assert.Equal(expected, test.T, 9);
        Assert.InRange(test.T, -2.5, -2.4);
    }

    [Fact]
    public void Too_few_values_or_none_that_vary_say_nothing()
    {
        var test = new WelchTest();
        test.Add(0, 1);
        test.Add(1, 5);
        Assert.Equal(0, test.T);
        test.Add(0, 1);
        test.Add(1, 5);
        Assert.Equal(0, test.T);
    }

    [Fact]
    public void A_histograms_percentiles_are_those_of_the_sorted_values_within_a_sixty_fourth()
    {
        var random = new Random(5);
        var values = Enumerable.Range(0, 20_000).Select(_ => (long)Math.Exp(random.NextDouble() * 25)).ToList();
        var histogram = new LatencyHistogram();
        values.ForEach(histogram.Add);
        values.Sort();

        Assert.Equal(values.Count, histogram.Count);
        foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = values[(int)Math.Ceiling(values.Count * share) - 1];
            Assert.InRange(histogram.Percentile(share), exact, exact * (1 + (1.0 / 64)) + 1);
        }
    }

    [Fact]
    public void A_histogram_takes_what_is_out_of_its_range_at_its_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(-1);
        histogram.Add(long.MaxValue);

        Assert.Equal(2, histogram.Count);
        Assert.Equal(0, histogram.Percentile(0.5));
        Assert.True(histogram.Percentile(1) >= 1L << 39);
    }

    [Fact]
    public void Places_are_spread_over_all_sessions_alike()
    {
        const int count = 1_000;
        var met = new int[count];
        for (var number = 0; number < 100 * count; number++)
        {
            met[Spread.Over(number, count)]++;
        }

        Assert.All(met, times => Assert.InRange(times, 90, 110));
    }

    [Fact]
    public async Task An_open_loop_counts_waiting_for_calls_that_came_late()
    {
        // Each call keeps its one place for 20 ms; 400 are due in a fifth of a second.
        var loop = new OpenLoop(Pace.Sleeping, InFlightMax: 1);
        var result = await loop.RunAsync(async _ => await Task.Delay(20), rate: 2_000, seconds: 0.2);

        Assert.Equal(400, result.Latencies.Count);
        Assert.True(result.Latencies.Percentile(0.5) > 50e6, $"{result.Latencies.Percentile(0.5)} ns");
        Assert.True(result.Achieved < 100, $"{result.Achieved} a second");
    }

    [Fact]
    public async Task An_open_loop_fails_when_a_call_does()
    {
        var loop = new OpenLoop(Pace.Spinning, InFlightMax: 10) { OverrunMax = 10_000 };

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync(
            async number =>
            {
                await Task.Yield();
                Assert.NotEqual(3, number);
            },
            rate: 1_000, seconds: 0.05));

        Assert.IsAssignableFrom<Xunit.Sdk.XunitException>(failure.InnerException);
    }

    [Fact]
    public void A_point_reads_back_from_its_line_and_replaces_the_one_before()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-curves-test-").FullName;
        try
        {
            var key = new PointKey("platform", 2, "volatile", 100, 256, 64, 50);
            var table = PointTable.Read(folder, "this machine");
            table.Add(new Point(key, 1_000, 999, 1.5, 2.5, 3.5, "abc", "2026-01-01T00:00:00Z", "0.5"));
            table.Add(new Point(key with { Load = 100 }, 2_000, 2_000, null, null, null, "abc", "2026-01-01T00:00:00Z", "0.5"));
            table.Write(folder, "--quick");

            var again = PointTable.Read(folder, "this machine");
            Assert.Equal(table.Points.OrderBy(point => point.Key.Load), again.Points.OrderBy(point => point.Key.Load));
            again.Add(new Point(key, 1_000, 1_000, 1, 2, 3, "def", "2026-01-02T00:00:00Z", "0.1"));
            again.Write(folder, "--quick");
            Assert.Equal(["def", "abc"], PointTable.Read(folder, "this machine").Points.OrderBy(point => point.Key.Load).Select(point => point.Commit));

            Assert.Empty(PointTable.Read(folder, "another machine").Points);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_quick_form_of_the_curves_program_measures_and_draws_every_curve()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-curves-test-").FullName;
        try
        {
            _ = await BuiltProgram.RunAsync("perf/Curves", "Kyberium.Curves", Path.GetTempPath(), "--quick", "--aead", "platform", "--out", folder);

            Assert.Equal(
                [
                    "curves.csv", "latency-sessions-durable.svg", "latency-sessions-volatile.svg", "latency-sizes-durable.svg", "latency-sizes-volatile.svg",
                    "rate-sessions.svg", "rate-shards.svg", "rate-sizes.svg", "sessions-40.txt",
                ],
                Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
            Assert.All(Directory.GetFiles(folder, "*.svg"), file => Assert.Equal("svg", XDocument.Load(file).Root!.Name.LocalName));

            // On each count of cores: the peak and four loads of two counts of sessions, two sizes and, durable, two counts of shards; on all cores a crowd's.
            var points = File.ReadAllLines(Path.Combine(folder, "curves.csv")).SkipWhile(line => line != Point.Head).Skip(1).Select(Point.Parse).ToList();
            var coreCounts = points.Select(point => point.Key.Cores).Distinct().Count();
            Assert.Equal((coreCounts * (15 + 20)) + 5, points.Count);
            Assert.Contains(File.ReadLines(Path.Combine(folder, "sessions-40.txt")), line => line.StartsWith("platform: ready over 40 sessions", StringComparison.Ordinal));
            Assert.All(points, point => Assert.True((point.Achieved > 0 || point.Key.Load < 100) && point.Key.Load == 100 == point.P99 is null, point.ToCsv()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_process_of_the_curves_program_runs_on_as_many_cores_as_its_part_says()
    {
        var cores = Environment.ProcessorCount + 1;
        var (code, errors) = await BuiltProgram.FailAsync(
            "perf/Curves", "Kyberium.Curves", Path.GetTempPath(), "--measure", string.Create(CultureInfo.InvariantCulture, $"platform/volatile/{cores}/1"), "--quick");

        Assert.NotEqual(0, code);
        Assert.Contains($"is to use {cores}", errors, StringComparison.Ordinal);
    }
}

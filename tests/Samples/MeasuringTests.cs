using Kyberium.Curves;
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
    public async Task The_quick_form_of_the_curves_program_draws_every_chart()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-curves-test-").FullName;
        try
        {
            _ = await BuiltProgram.RunAsync("perf/Curves", "Kyberium.Curves", Path.GetTempPath(), "--quick", "--out", folder);

            Assert.Equal(
                ["curves.csv", "durable-load.svg", "durable-shards.svg", "seal-load.svg", "seal-sessions.svg", "seal-size.svg"],
                Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
            Assert.All(Directory.GetFiles(folder, "*.svg"), file => Assert.Equal("svg", System.Xml.Linq.XDocument.Load(file).Root!.Name.LocalName));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

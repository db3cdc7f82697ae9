using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>How long a durable send takes at half the peak, beside SQLite alone at the same rate: what a slow disk adds, it adds to both.</summary>
internal static class HalfLoadRows
{
    private const int Callers = 4_000;
    private const double Seconds = 3;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead.ToString().ToLowerInvariant(), await SenderAlone.StartAsync(options, aead)));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options, string name, SenderAlone alone)
    {
        var (callers, seconds) = options.Quick ? (50, 0.1) : (Callers, Seconds);
        var loop = new OpenLoop(Pace.Sleeping, 100_000);
        double peak;
        OpenLoopResult sent, bare;
        await using (alone)
        {
            ValueTask Send(int number) => new(alone.SendAsync(number));
            _ = await OpenLoop.PeakAsync(Send, callers, seconds / 2);       // compiled, and the peers loaded
            peak = await OpenLoop.PeakAsync(Send, callers, seconds / 2);
            sent = await loop.RunAsync(Send, peak / 2, seconds);
            await alone.CheckAsync();
        }

        using (var commits = new GroupCommits())
        {
            ValueTask Append(int number) => new(commits.AppendAsync());
            _ = await loop.RunAsync(Append, peak / 2, seconds / 3);
            bare = await loop.RunAsync(Append, peak / 2, seconds);
            commits.Check();
        }

        Row Percentile(string row, OpenLoopResult result, double share, double? ceiling = null, string against = "") =>
            new($"{name}: {row}", [result.Latencies.Percentile(share) / 1e6], "ms", ceiling, against);
        var floor = Percentile("99th percentile of SQLite alone at that rate", bare, 0.99);
        return
        [
            new Row($"{name}: durable sends answered at half load, sender alone", [sent.Achieved], "/s", sent.Asked, "what was offered"),
            Percentile("50th percentile of them", sent, 0.5),
            Percentile("99th percentile", sent, 0.99) with { Bar = Bar.AtMost(6) },
            Percentile("99.9th percentile", sent, 0.999),
            floor,
            Percentile("99th percentile against that", sent, 0.99, floor.Median, "SQLite alone") with { Bar = Bar.RatioAtMost(3) },
        ];
    }
}

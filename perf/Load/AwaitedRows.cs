using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Awaited calls, seals and opens in turn, offered open loop at the rate the design names: into the caller's memory, and into arrays that the
/// collector has to clear away; beside them the same loop over bare calls, which shows what machine and loop take by themselves.</summary>
internal static class AwaitedRows
{
    private const int PayloadSize = 256;
    private const double Rate = 400_000;
    private const double Seconds = 2;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options, AeadProviderChoice aead)
    {
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = options.Peers, Aead = aead });
        var (rate, seconds) = options.Quick ? (2_000, 0.1) : (Rate, Seconds);
        var payload = new byte[PayloadSize];
        new Random(1).NextBytes(payload);
        var slab = new EnvelopeSlab((int)(rate * seconds / 2) + 2, PayloadSize);
        var calls = new AwaitedCalls(pair, payload, slab);
        var provider = new AeadProviders(aead, AeadProvider.Intrinsics).Default;
        var keys = Enumerable.Range(0, options.Peers).Select(number => provider.CreateKey(SHA256.HashData(BitConverter.GetBytes(number)))).ToArray();
        var loop = new OpenLoop(Pace.Spinning, 10_000);
        Series bare = new(), into = new(), fresh = new();
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            await RunAsync(bare, AwaitedCalls.Bare(keys, payload));
            await RunAsync(into, calls.Into);
            await RunAsync(fresh, calls.Fresh);

            async Task RunAsync(Series series, Func<int, ValueTask> call)
            {
                if (series != bare)
                {
                    await slab.FillAsync(pair, payload);
                    GC.Collect();       // what filling left behind
                }

                var paused = GC.GetTotalPauseDuration();
                var result = await loop.RunAsync(call, rate, seconds);
                if (round >= 0)
                {
                    series.Results.Add(result);
                    series.PausedMillis.Add((GC.GetTotalPauseDuration() - paused).TotalMilliseconds / seconds);
                }
            }
        }

        Array.ForEach(keys, static key => key.Dispose());
        var name = aead.ToString().ToLowerInvariant();
        return
        [
            .. bare.Rows($"{name}: bare calls", rate),
            .. into.Rows($"{name}: awaited seals and opens into the caller's memory", rate, Bar.AtMost(500)),
            .. fresh.Rows($"{name}: awaited seals and opens into arrays of their own", rate),
        ];
    }

    private sealed class Series
    {
        internal List<OpenLoopResult> Results { get; } = [];

        internal List<double> PausedMillis { get; } = [];

        internal IEnumerable<Row> Rows(string name, double rate, Bar? bar = null) =>
        [
            new Row($"{name}, answered", [.. Results.Select(result => result.Achieved)], "/s", rate, "what was offered"),
            Percentile("50th percentile, from when each was due", 0.5),
            Percentile("99th percentile", 0.99) with { Bar = bar },
            Percentile("99.9th percentile", 0.999),
            new Row("the same: all threads stopped by the collector", PausedMillis, "ms/s"),
        ];

        private Row Percentile(string label, double share) => new($"the same: {label}", [.. Results.Select(result => result.Latencies.Percentile(share) / 1_000)], "µs");
    }
}

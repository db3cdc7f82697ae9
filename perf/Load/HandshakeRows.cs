using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Handshakes of each suite, both sides: bare against the KEM and ECDH calls in them, and through two engines.</summary>
internal static class HandshakeRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var suite in Enum.GetValues<Suite>())
        {
            using var work = new HandshakeWork(suite);
            var calls = suite is Suite.MLKem768P256 or Suite.MLKem1024P384 ? 100 : 1_000;
            var bare = new Row($"{suite}: bare KEM and ECDH calls of a handshake", Repeated.Micros(options, calls, work.BareKemCalls), "µs");
            var both = new Row($"{suite}: handshake, both sides, on one thread", Repeated.Micros(options, calls, work.BothSides), "µs");
            rows.Add(bare);
            rows.Add(both);
            rows.Add(new Row($"{suite}: handshakes a second, as share of the bare calls'", [1e6 / both.Median], "/s", 1e6 / bare.Median, "bare calls") { Bar = Bar.RatioAtLeast(0.75) });
        }

        foreach (var suite in new[] { Suite.MLKem768P256, Suite.MLKem768 })
        {
            rows.Add(new Row($"{suite}: handshakes through two engines of this process", await ThroughEnginesAsync(suite, options.Quick ? 4 : 400, options.Rounds), "/s"));
        }

        return rows;
    }

    private static async Task<double[]> ThroughEnginesAsync(Suite suite, int perRound, int rounds)
    {
        await using var pair = await Pair.IntroduceAsync(new PairOptions { Sessions = perRound * (rounds + 1), Suite = suite });
        var rates = new double[rounds];
        for (var round = -1; round < rounds; round++)       // the first round compiles
        {
            var watch = Stopwatch.StartNew();
            await pair.ConnectAsync((round + 1) * perRound, (round + 2) * perRound);
            if (round >= 0)
            {
                rates[round] = perRound / watch.Elapsed.TotalSeconds;
            }
        }

        return rates;
    }
}

using System.Diagnostics;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Durable messages of 256 bytes until they are in the journal, over SQLite with synchronous=FULL.</summary>
internal static class DurableRows
{
    private const int PayloadSize = 256;

    /// <summary>Rounds before the first that counts: a round is half a second, and the runtime goes on compiling for three.</summary>
    private const int WarmUpRounds = 6;

    /// <summary>Ten times what was measured, so that it trips when something grows with the count of messages, not when a batch is small.</summary>
    private const double AllocatedMax = 100_000;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var (peers, count, callers) = Sizes(options);
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = peers, Store = StoreKind.Disk, Aead = options.Aead[^1] });
        await using var traffic = new DurableTraffic(pair);
        await traffic.TouchAsync();
        var call = traffic.Of(PayloadSize);
        List<double> sent = [], handled = [], processor = [], allocated = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles, and loads the peers
        {
            var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
            var watch = Stopwatch.StartNew();
            var usedBefore = Environment.CpuUsage.TotalTime;
            var rate = await TrafficRows.ConcurrentAsync(count, callers, i => call(i).AsTask());
            await traffic.DrainAsync();
            if (round >= 0)
            {
                sent.Add(rate);
                handled.Add(count / watch.Elapsed.TotalSeconds);
                processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
                allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)count);
            }
        }

        return
        [
            new Row($"durable send until journalled, {callers:N0} callers", sent, "/s"),
            new Row("the same until received and acknowledged, both engines here", handled, "/s"),
            new Row("processor time of each, both engines", processor, "µs"),
            Row.Bounded("allocated by a durable message, both engines, everything", allocated.Max(), "B", AllocatedMax),
        ];
    }

    /// <summary>The sender alone.</summary>
    internal static async Task<IReadOnlyList<Row>> SendAloneAsync(LoadOptions options)
    {
        var (_, count, callers) = Sizes(options);
        var bare = new List<double>();
        using (var commits = new GroupCommits())
        {
            for (var round = 0; round < options.Rounds; round++)
            {
                bare.Add(await TrafficRows.ConcurrentAsync(count, callers, _ => commits.AppendAsync()));
            }

            commits.Check();
        }

        var ceiling = new Row("SQLite alone: commits of equal bytes, as many at once as wait", bare, "/s");
        List<Row> rows = [ceiling];
        foreach (var aead in options.Aead)
        {
            List<double> sent = [], processor = [], allocated = [];
            await using var alone = await SenderAlone.StartAsync(options, aead);
            for (var round = options.Quick ? -1 : -WarmUpRounds; round < options.Rounds; round++)
            {
                var usedBefore = Environment.CpuUsage.TotalTime;
                var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
                var rate = await TrafficRows.ConcurrentAsync(count, callers, alone.SendAsync);
                if (round >= 0)
                {
                    sent.Add(rate);
                    processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
                    allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)count);
                }
            }

            await alone.CheckAsync();
            var provider = aead.ToString().ToLowerInvariant();
            rows.Add(new Row($"{provider}: durable send, sender alone, no checkpoint", sent, "/s", ceiling.Median, "SQLite alone") { Bar = Bar.AtLeast(250_000) });
            rows.Add(new Row($"{provider}: processor time of each", processor, "µs") { Bar = Bar.AtMost(8) });
            rows.Add(new Row($"{provider}: allocated by each", allocated, "B"));
        }

        return rows;
    }

    private static (int Peers, int Count, int Callers) Sizes(LoadOptions options) =>
        (Math.Min(options.Peers, 1_000), options.Quick ? 500 : 50_000, options.Quick ? 50 : 4_000);
}

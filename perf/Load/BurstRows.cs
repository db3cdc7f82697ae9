using System.Diagnostics;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Ten times the usual rate of durable messages for ten seconds, twice what the engines can do: what is answered stays flat, memory stays bounded, and
/// nothing but backpressure is answered.</summary>
internal static class BurstRows
{
    private const int PayloadSize = 256;
    private const int Callers = 4_000;
    private const int InFlightMax = 20_000;
    private const double UsualShare = 0.2;      // of the peak

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var (callers, usualSeconds, burstSeconds, sampleMillis) = options.Quick ? (50, 0.2, 0.3, 50) : (Callers, 3.0, 10.0, 1_000);
        // Few peers, so that their outboxes fill and push back.
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = Math.Min(options.Peers, 20), Store = StoreKind.Disk, Aead = options.Aead[^1] });
        await using var traffic = new DurableTraffic(pair);
        await traffic.TouchAsync();
        var answered = 0L;
        var call = traffic.Of(PayloadSize);
        async ValueTask Counted(int number)
        {
            await call(number);
            Interlocked.Increment(ref answered);
        }

        _ = await OpenLoop.PeakAsync(Counted, callers, usualSeconds);
        await traffic.DrainAsync();
        var peak = await OpenLoop.PeakAsync(Counted, callers, usualSeconds);
        await traffic.DrainAsync();

        var loop = new OpenLoop(Pace.Sleeping, InFlightMax);
        var before = await loop.RunAsync(Counted, UsualShare * peak, usualSeconds);
        await traffic.DrainAsync();
        var (memoryBefore, refusedBefore) = (Memory(), traffic.Refused);
        using var ends = new CancellationTokenSource();
        var sampling = SampleAsync(() => Interlocked.Read(ref answered), sampleMillis, ends.Token);
        var burst = await (loop with { OverrunMax = 0 }).RunAsync(Counted, 10 * UsualShare * peak, burstSeconds);
        await ends.CancelAsync();
        var (rates, memory) = await sampling;
        await traffic.DrainAsync();
        var refused = traffic.Refused - refusedBefore;
        var after = await loop.RunAsync(Counted, UsualShare * peak, usualSeconds);
        await traffic.DrainAsync();
        return
        [
            new Row("burst: answered in each second of it, 10 x the usual rate offered", rates, "/s", peak, "peak before"),
            new Row("burst: offered", [burst.Asked], "/s", peak, "peak before"),
            new Row("burst: full outboxes met (the only error there may be)", [refused], ""),
            new Row("burst: memory of the process", memory, "MiB", memoryBefore, "before it"),
            new Row("burst: 99th percentile at the usual rate after it", [after.Latencies.Percentile(0.99) / 1e6], "ms", before.Latencies.Percentile(0.99) / 1e6, "before it"),
        ];
    }

    private static async Task<(List<double> Rates, List<double> Memory)> SampleAsync(Func<long> answered, int millis, CancellationToken ends)
    {
        List<double> rates = [], memory = [];
        var (count, at) = (answered(), Stopwatch.GetTimestamp());
        do
        {
            await Task.Delay(millis, CancellationToken.None);
            var (now, seconds) = (answered(), Stopwatch.GetElapsedTime(at).TotalSeconds);
            at = Stopwatch.GetTimestamp();
            rates.Add((now - count) / seconds);
            memory.Add(Memory());
            count = now;
        }
        while (!ends.IsCancellationRequested);
        return (rates, memory);
    }

    private static double Memory()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64 / (double)(1 << 20);
    }
}

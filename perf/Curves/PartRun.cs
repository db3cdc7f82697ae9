using System.Globalization;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Curves;

/// <summary>Measures one part, in this process.</summary>
internal sealed class PartRun(Part part, CurveOptions options, Action<Point> report)
{
    private const int Size = 256;
    private const int DefaultShards = 64;
    private const int BytesInFlight = 64 << 20;
    private static readonly int[] Loads = [25, 50, 75, 90];

    private bool _isWarm;

    internal async Task RunAsync()
    {
        if (Environment.ProcessorCount != part.Cores)
        {
            throw new InvalidOperationException($"this process sees {Environment.ProcessorCount} cores and is to use {part.Cores}");
        }

        if (part.Mode == Mode.Volatile)
        {
            await VolatileAsync();
            return;
        }

        await DurableAsync(DefaultShards, MeasuresShapes ? options.Sizes : [Size]);
        foreach (var shards in options.Shards.Where(count => MeasuresShapes && count != DefaultShards))
        {
            await DurableAsync(shards, [Size]);
        }
    }

    /// <summary>Offers each load to sealing, over sessions that are there already.</summary>
    internal async Task VolatileLoadsAsync(VolatileTraffic traffic, string aead, int sessions, int size)
    {
        var loop = new OpenLoop(Pace.Spinning, 10_000);
        await LoadsAsync(new PointKey(aead, part.Cores, "volatile", sessions, size, DefaultShards, 0), traffic.Of(size), part.Cores, loop, () => Task.CompletedTask);
    }

    /// <summary>Gets whether sizes and shards are measured over this count of sessions.</summary>
    private bool MeasuresShapes => part.Sessions == (options.IsQuick ? 4 : 100);

    private string Aead => part.Aead.ToString().ToLowerInvariant();

    private async Task VolatileAsync()
    {
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = part.Sessions, Aead = part.Aead });
        var traffic = new VolatileTraffic(pair.Sender, pair.Sessions);
        foreach (var size in MeasuresShapes ? options.Sizes : [Size])
        {
            await VolatileLoadsAsync(traffic, Aead, part.Sessions, size);
            if (await traffic.CheckAsync(pair.Receiver, _ => true) == 0)
            {
                throw new InvalidOperationException("no envelope was checked");
            }
        }
    }

    private async Task DurableAsync(int shards, IReadOnlyList<int> sizes)
    {
        await using var pair = await Pair.StartAsync(new PairOptions
        {
            Sessions = part.Sessions,
            Store = StoreKind.Disk,
            Aead = part.Aead,
            Configure = made => made.Shard.Count = shards,
        });
        await using var traffic = new DurableTraffic(pair);
        await traffic.TouchAsync();
        foreach (var size in sizes)
        {
            var callers = Math.Clamp(BytesInFlight / size, 64, 2_000);
            var loop = new OpenLoop(Pace.Sleeping, 10 * callers);
            await LoadsAsync(new PointKey(Aead, part.Cores, "durable", part.Sessions, size, shards, 0), traffic.Of(size), callers, loop, traffic.DrainAsync);
        }
    }

    private async Task LoadsAsync(PointKey key, Func<int, ValueTask> call, int callers, OpenLoop loop, Func<Task> rest)
    {
        // Compiled, keys made, windows reserved.
        _ = await OpenLoop.PeakAsync(call, callers, _isWarm ? options.Seconds / 2 : 2 * options.Seconds);
        _isWarm = true;
        await rest();
        var peak = await OpenLoop.PeakAsync(call, callers, options.Seconds);
        await rest();
        Report(key with { Load = 100 }, peak, peak, null);
        foreach (var load in Loads)
        {
            var result = await loop.RunAsync(call, peak * load / 100, options.Seconds);
            await rest();
            Report(key with { Load = load }, result.Asked, result.Achieved, result.Latencies);
        }
    }

    private void Report(PointKey key, double asked, double achieved, LatencyHistogram? latencies) => report(new Point(
        key, asked, achieved,
        latencies?.Percentile(0.5) / 1_000, latencies?.Percentile(0.99) / 1_000, latencies?.Percentile(0.999) / 1_000,
        Machine.Commit, DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), Machine.LoadAverage));
}

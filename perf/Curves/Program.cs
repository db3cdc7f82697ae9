using System.Globalization;
using Kyberium.Curves;
using Kyberium.Load;

// Draws how throughput and latency grow with load, sessions, message size and shards, into SVG and CSV:
//   dotnet run -c Release --project perf/Curves -- --out perf/results
var options = CurveOptions.Parse(args);
Directory.CreateDirectory(options.Folder);
Console.WriteLine(Machine.Describe(args));
var table = new List<string> { "# " + Machine.Describe(args), "curve,series,x,throughput_per_s,p50_us,p99_us,p999_us" };
double[] shares = [0.25, 0.5, 0.75, 0.9];
int[] sizes = options.IsQuick ? [64, 256] : [64, 256, 1_024, 4_096, 16_384, 65_536];
int[] shardCounts = options.IsQuick ? [1, 4] : [1, 4, 16, 64, 256];

var seal = new Chart("Seal, 256 B: latency under load", "share of the peak rate", "µs, 99th percentile", LogHorizontal: false, LogVertical: true);
var bySessions = new Chart("Seal, 256 B: peak by sessions", "sessions", "seals per second", LogHorizontal: true, LogVertical: false);
var bySize = new Chart("Seal: peak by size", "bytes", "per second", LogHorizontal: true, LogVertical: true);
var byShards = new Chart("Durable send, 256 B: peak by shards", "shards", "sends per second", LogHorizontal: true, LogVertical: false);
var durable = new Chart("Durable send, 256 B: latency under load", "share of the peak rate", "µs, 99th percentile", LogHorizontal: false, LogVertical: true);
bySessions.Series.Add(("seal", []));
foreach (var sessions in options.Sessions)
{
    await using (var parties = await Pair.StartAsync(sessions, durable: false, connect: true, options.Aead))
    {
        var call = Seal(parties, sessions, 256);
        var peak = await LoadAsync("seal", seal, $"{sessions:N0} sessions", call, callers: 2);
        bySessions.Series[0].Points.Add((sessions, peak));
        if (sessions == options.Sessions[0])
        {
            bySize.Series.Add(("sealed bytes", []));
            bySize.Series.Add(("seals", []));
            foreach (var size in sizes)
            {
                var rate = await OpenLoop.PeakAsync(Seal(parties, sessions, size), 2, options.Seconds);
                bySize.Series[0].Points.Add((size, rate * size));
                bySize.Series[1].Points.Add((size, rate));
                Note("size", "seal", size, rate);
            }
        }
    }
}

foreach (var sessions in options.Sessions.Where(count => count <= 1_000))
{
    await using var parties = await Pair.StartAsync(sessions, durable: true, connect: true, options.Aead);
    var receiving = ReceiveAsync(parties.Receiver);
    await LoadAsync("durable", durable, $"{sessions:N0} sessions", Send(parties, sessions, 256), callers: 2_000);
}

byShards.Series.Add(("100 sessions", []));
foreach (var shards in shardCounts)
{
    var sessions = options.IsQuick ? 2 : 100;
    await using var parties = await Pair.StartAsync(sessions, durable: true, connect: true, options.Aead, configure: made => made.Shard.Count = shards);
    var receiving = ReceiveAsync(parties.Receiver);
    var rate = await OpenLoop.PeakAsync(Send(parties, sessions, 256), 2_000, options.Seconds);
    byShards.Series[0].Points.Add((shards, rate));
    Note("shards", "durable", shards, rate);
}

foreach (var (name, chart) in new[] { ("seal-load", seal), ("seal-sessions", bySessions), ("seal-size", bySize), ("durable-load", durable), ("durable-shards", byShards) })
{
    await File.WriteAllTextAsync(Path.Combine(options.Folder, name + ".svg"), chart.Draw());
}

await File.WriteAllLinesAsync(Path.Combine(options.Folder, "curves.csv"), table);

Func<int, ValueTask> Seal(Pair parties, int sessions, int size)
{
    var payload = new byte[size];
    return async number => _ = await parties.Sender.SealAsync(Pair.Right, payload, parties.Names[Spread(number, sessions)]);
}

Func<int, ValueTask> Send(Pair parties, int sessions, int size)
{
    var payload = new byte[size];
    return async number =>
    {
        while (true)
        {
            try
            {
                await parties.Sender.SendAsync(
                    Pair.Right, payload, new Kyberium.Engine.SendOptions(Identity: parties.Names[Spread(number, sessions)]));
                return;
            }
            catch (Kyberium.Engine.EngineException full) when (full.Code == Kyberium.Engine.EngineErrorCode.OutboxFull)
            {
                await Task.Delay(1);    // the receiver sets the pace: what waits here counts as latency
            }
        }
    };
}

// Acknowledges whatever arrives until the engine ends.
static async Task ReceiveAsync(Kyberium.Engine.SessionEngine receiver)
{
    await foreach (var message in receiver.ReceiveAsync())
    {
        await receiver.AcknowledgeAsync(message.Id);
    }
}

// A multiplication that scatters neighbours: callers do not come in the order of their sessions.
static int Spread(int number, int sessions) => (int)((uint)number * 2_654_435_761u % (uint)sessions);

async Task<double> LoadAsync(string curve, Chart chart, string series, Func<int, ValueTask> call, int callers)
{
    _ = await OpenLoop.PeakAsync(call, callers, options.Seconds / 2);       // compiled, and windows reserved
    var peak = await OpenLoop.PeakAsync(call, callers, options.Seconds);
    Note(curve, series, 1, peak);
    var points = new List<(double, double)>();
    foreach (var share in shares)
    {
        var result = await OpenLoop.RunAsync(call, peak * share, options.Seconds);
        points.Add((share, result.Latencies.Percentile(0.99) / 1_000));
        Note(curve, series, share, result.Achieved, result.Latencies);
    }

    chart.Series.Add((series, points));
    return peak;
}

void Note(string curve, string series, double x, double rate, LatencyHistogram? latencies = null)
{
    string Micros(double share) => latencies is null ? string.Empty : (latencies.Percentile(share) / 1_000).ToString("F1", CultureInfo.InvariantCulture);
    var line = string.Create(CultureInfo.InvariantCulture, $"{curve},{series.Replace(",", string.Empty, StringComparison.Ordinal)},{x},{rate:F0},{Micros(0.5)},{Micros(0.99)},{Micros(0.999)}");
    table.Add(line);
    Console.WriteLine(line);
}

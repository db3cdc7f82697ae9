using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Load;

/// <summary>Volatile seal and open of 256 bytes over many peers, against bare AES-GCM over as many keys; once for each provider.</summary>
internal static class TrafficRows
{
    private const int PayloadSize = 256;
    private const int TurnCount = 8_192;        // as PipelineLoad: envelopes are opened while they are in the cache
    private const string OneThread = "bare AES-GCM, one thread";
    private const string TwoThreads = "bare AES-GCM, two threads";

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead));
        }

        return rows;
    }

    internal static async Task<double> ConcurrentAsync(int count, int callers, Func<int, Task> call)
    {
        var next = -1;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                await call(i);
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }

    // All rows of a round follow each other, so that a slow spell of the machine meets each alike.
    private static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options, AeadProviderChoice aead)
    {
        var count = options.Quick ? 2_000 : 200_000;
        var callers = options.Quick ? 20 : 1_000;
        await using var pair = await Pair.StartAsync(options.Peers, durable: false, connect: true, aead);
        var order = Order(options.Peers, count);
        var pipelines = new PipelineLoad(pair, order, new byte[PayloadSize]);
        var provider = new AeadProviders(aead, AeadProvider.Intrinsics).Default;
        var measured = Enumerable.Range(0, 10).Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < options.Rounds; round++)
        {
            double[] rates =
            [
                BareCipher.Platform(options.Peers, order, PayloadSize),
                await TwiceAsync(() => Task.FromResult(BareCipher.Platform(options.Peers, order, PayloadSize))),
                BareCipher.Provider(provider, options.Peers, order, PayloadSize),
                .. await AwaitedAsync(pair, order),
                .. await pipelines.RunAsync(1),
                .. await pipelines.RunAsync(2),
                await ConcurrentAsync(count, callers, async i => await pair.Sender.SealAsync(Pair.Right, pipelines.Payload, pair.Names[order[i]])),
            ];
            for (var row = 0; row < rates.Length && round >= 0; row++)      // the first round compiles
            {
                measured[row].Add(rates[row]);
            }
        }

        var name = aead.ToString().ToLowerInvariant();
        Row one = new("bare AES-GCM, 256 B, as many keys, one thread", measured[0], "/s");
        Row two = new("the same on two threads", measured[1], "/s", one.Median, OneThread);
        Row Against(Row ceiling, string row, int at, string against) => new($"{name}: {row}", measured[at], "/s", ceiling.Median, against);
        return
        [
            one,
            two,
            Against(one, "bare provider with header, one thread", 2, OneThread),
            Against(one, $"seal, awaited one by one, {options.Peers:N0} peers", 3, OneThread),
            Against(one, "open, awaited one by one", 4, OneThread),
            Against(one, "seal through one pipeline", 5, OneThread),
            Against(one, "open through one pipeline", 6, OneThread),
            Against(two, "seal through two pipelines", 7, TwoThreads),
            Against(two, "open through two pipelines", 8, TwoThreads),
            Against(two, $"seal from {callers:N0} concurrent callers", 9, TwoThreads),
        ];
    }

    private static async Task<double[]> AwaitedAsync(Pair pair, int[] order)
    {
        var payload = new byte[PayloadSize];
        var envelopes = new byte[TurnCount][];
        double sealing = 0, opening = 0;
        for (var from = 0; from < order.Length; from += TurnCount)
        {
            var count = Math.Min(TurnCount, order.Length - from);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < count; i++)
            {
                envelopes[i] = await pair.Sender.SealAsync(Pair.Right, payload, pair.Names[order[from + i]]);
            }

            sealing += watch.Elapsed.TotalSeconds;
            watch.Restart();
            for (var i = 0; i < count; i++)
            {
                if ((await pair.Receiver.OpenAsync(envelopes[i])).Payload.Length != PayloadSize)
                {
                    throw new InvalidOperationException("an envelope opened to something else");
                }
            }

            opening += watch.Elapsed.TotalSeconds;
        }

        return [order.Length / sealing, order.Length / opening];
    }

    private static async Task<double> TwiceAsync(Func<Task<double>> half) =>
        (await Task.WhenAll(Task.Run(half), Task.Run(half))).Sum();

    private static int[] Order(int peers, int count)
    {
        var random = new Random(1);
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = random.Next(peers);
        }

        return order;
    }
}

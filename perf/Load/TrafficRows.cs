using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Volatile seal and open of 256 bytes over many peers, against bare AES-GCM over as many keys; once for each provider.</summary>
internal static class TrafficRows
{
    private const int PayloadSize = 256;
    private const int TurnCount = 8_192;        // as PipelineLoad: envelopes are opened while they are in the cache
    private const string OneThread = "bare AES-GCM, one thread";
    private const string TwoThreads = "bare AES-GCM, two threads";

    /// <summary>Nothing, but for a reservation that is renewed once in many messages.</summary>
    private const double AllocatedByTryMax = 8;

    /// <summary>The envelope and the payload that are handed out, 340 and 280 bytes with their heads, and what waits now and then.</summary>
    private const double AllocatedByAsyncMax = 1_024;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead));
        }

        return [.. rows, .. await AllocationAsync(options.Quick ? 2_000 : 200_000)];
    }

    /// <summary>What one message allocates on its thread once keys and pools are warm, and that what was opened is what was sealed.</summary>
    private static async Task<IReadOnlyList<Row>> AllocationAsync(int count)
    {
        await using var pair = await Pair.StartAsync(new PairOptions());       // its sender is the default identity, which these calls are for
        var session = pair.Sessions[0];
        var (payload, opened) = (new byte[PayloadSize], new byte[PayloadSize]);
        var envelope = new byte[PayloadSize + SessionEngine.EnvelopeOverhead];
        // The first envelope announces an incarnation, for which opening waits for the journal.
        await pair.Receiver.OpenAsync(await pair.Sender.SealAsync(session.Peer, payload));
        PassAll(count / 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        PassAll(count);
        var perPair = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;

        before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < count; i++)
        {
            if ((await pair.Receiver.OpenAsync(await pair.Sender.SealAsync(session.Peer, payload))).Payload.Length != PayloadSize)
            {
                throw new InvalidOperationException("an envelope opened to something else");
            }
        }

        var perAwaited = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count;
        return
        [
            Row.Bounded("allocated by TrySeal and TryOpen, per message", perPair, "B", AllocatedByTryMax),
            Row.Bounded("allocated by SealAsync and OpenAsync, per message", perAwaited, "B", AllocatedByAsyncMax),
        ];

        void PassAll(int messages)
        {
            for (var i = 0; i < messages; i++)
            {
                BitConverter.TryWriteBytes(payload, i);
                if (!pair.Sender.TrySeal(session.Peer, payload, envelope, out var size)
                    || !pair.Receiver.TryOpen(envelope.AsSpan(0, size), opened, out var length, out var peer)
                    || peer != session.Origin || !opened.AsSpan(0, length).SequenceEqual(payload))
                {
                    throw new InvalidOperationException($"message {i} did not come out as it went in");
                }
            }
        }
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
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = options.Peers, Aead = aead });
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
                await ConcurrentAsync(count, callers, async i => await pair.Sender.SealAsync(pair.Sessions[order[i]].Peer, pipelines.Payload, pair.Sessions[order[i]].Identity)),
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
        var through = Bar.RatioAtLeast(aead == AeadProviderChoice.Platform ? 0.9 : 3);
        return
        [
            one,
            two,
            Against(one, "bare provider with header, one thread", 2, OneThread),
            Against(one, $"seal, awaited one by one, {options.Peers:N0} peers", 3, OneThread),
            Against(one, "open, awaited one by one", 4, OneThread),
            Against(one, "seal through one pipeline", 5, OneThread) with { Bar = through },
            Against(one, "open through one pipeline", 6, OneThread) with { Bar = through },
            Against(two, "seal through two pipelines", 7, TwoThreads) with { Bar = through },
            Against(two, "open through two pipelines", 8, TwoThreads) with { Bar = through },
            Against(two, $"seal from {callers:N0} concurrent callers", 9, TwoThreads) with { Bar = Bar.RatioAtLeast(0.7) },
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
                envelopes[i] = await pair.Sender.SealAsync(pair.Sessions[order[from + i]].Peer, payload, pair.Sessions[order[from + i]].Identity);
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

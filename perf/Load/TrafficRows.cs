using System.Diagnostics;
using System.Security.Cryptography;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Volatile seal and open of 256 bytes over many peers, against bare AES-GCM over as many keys.</summary>
internal static class TrafficRows
{
    private const int PayloadSize = 256;

    /// <summary>Nothing, but for a reservation that is renewed once in many messages.</summary>
    private const double AllocatedByTryMax = 8;

    /// <summary>The envelope and the payload that are handed out, 340 and 280 bytes with their heads, and what waits now and then.</summary>
    private const double AllocatedByAsyncMax = 1_024;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var count = options.Quick ? 2_000 : 200_000;
        await using var pair = await Pair.StartAsync(options.Peers, durable: false, connect: true);
        var order = Order(options.Peers, count);
        var payload = new byte[PayloadSize];
        var bare = Rates(options, () => Bare(options.Peers, order, payload));
        var ceiling = new Row("bare AES-GCM seal, 256 B, as many keys, one thread", bare, "/s");
        var seal = new List<double>();
        var open = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var envelopes = new byte[count][];
            seal.Add(await RateAsync(count, async i =>
                envelopes[i] = await pair.Sender.SealAsync(Pair.Right, payload, pair.Names[order[i]])));
            open.Add(await RateAsync(count, async i =>
            {
                if ((await pair.Receiver.OpenAsync(envelopes[i])).Payload.Length != PayloadSize)
                {
                    throw new InvalidOperationException("an envelope opened to something else");
                }
            }));
        }

        var callers = options.Quick ? 20 : 1_000;
        var awaited = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            awaited.Add(await ConcurrentAsync(count, callers, async i =>
                await pair.Sender.SealAsync(Pair.Right, payload, pair.Names[order[i]])));
        }

        return
        [
            ceiling,
            new Row($"seal, awaited one by one, {options.Peers:N0} peers", seal, "/s", ceiling.Median, "bare seal, one thread"),
            new Row($"open, awaited one by one, {options.Peers:N0} peers", open, "/s", ceiling.Median, "bare seal, one thread"),
            new Row($"seal from {callers:N0} concurrent callers", awaited, "/s", ceiling.Median, "bare seal, one thread"),
            .. await AllocationAsync(count),
        ];
    }

    /// <summary>What one message allocates on its thread once keys and pools are warm, and that what was opened is what was sealed.</summary>
    private static async Task<IReadOnlyList<Row>> AllocationAsync(int count)
    {
        await using var pair = await Pair.StartAsync(1, durable: false, connect: true, IdentityName.Default);
        var (payload, opened) = (new byte[PayloadSize], new byte[PayloadSize]);
        var envelope = new byte[PayloadSize + SessionEngine.EnvelopeOverhead];
        // The first envelope announces an incarnation, for which opening waits for the journal.
        await pair.Receiver.OpenAsync(await pair.Sender.SealAsync(Pair.Right, payload));
        PassAll(count / 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        PassAll(count);
        var perPair = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;

        before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < count; i++)
        {
            if ((await pair.Receiver.OpenAsync(await pair.Sender.SealAsync(Pair.Right, payload))).Payload.Length != PayloadSize)
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
                if (!pair.Sender.TrySeal(Pair.Right, payload, envelope, out var size)
                    || !pair.Receiver.TryOpen(envelope.AsSpan(0, size), opened, out var length, out var peer)
                    || peer != Pair.Left || !opened.AsSpan(0, length).SequenceEqual(payload))
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

    private static async Task<double> RateAsync(int count, Func<int, Task> call)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
        {
            await call(i);
        }

        return count / watch.Elapsed.TotalSeconds;
    }

    private static List<double> Rates(LoadOptions options, Func<double> round)
    {
        round();
        return [.. Enumerable.Range(0, options.Rounds).Select(_ => round())];
    }

    private static double Bare(int keys, int[] order, byte[] payload)
    {
        var ciphers = Enumerable.Range(0, keys).Select(number => new AesGcm(SHA256.HashData(BitConverter.GetBytes(number)), 16)).ToArray();
        var (nonce, ciphertext, tag) = (new byte[12], new byte[PayloadSize], new byte[16]);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < order.Length; i++)
        {
            BitConverter.TryWriteBytes(nonce, i);
            ciphers[order[i]].Encrypt(nonce, payload, ciphertext, tag);
        }

        var rate = order.Length / watch.Elapsed.TotalSeconds;
        foreach (var cipher in ciphers)
        {
            cipher.Dispose();
        }

        return rate;
    }

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

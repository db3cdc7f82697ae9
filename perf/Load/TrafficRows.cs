using System.Diagnostics;
using System.Security.Cryptography;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Volatile seal and open of 256 bytes over many peers, against bare AES-GCM over as many keys.</summary>
internal static class TrafficRows
{
    private const int PayloadSize = 256;

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
        ];
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

using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>The first touch of a peer that is not in memory, over SQLite; and that no more stay in memory than allowed.</summary>
internal static class ColdRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var residentMax = Math.Max(64, options.Peers / 10);
        await using var pair = await Pair.StartAsync(new PairOptions
        {
            Sessions = options.Peers,
            Store = StoreKind.Disk,
            Aead = options.Aead[^1],
            Configure = made => made.Residency.ResidentPeersMax = residentMax,
        });
        var payload = new byte[256];
        var random = new Random(1);
        var order = pair.Sessions.ToArray();
        random.Shuffle(order);
        var third = order.Length / 3;
        for (var round = 0; round < WarmingRounds; round++)
        {
            _ = await TouchAsync(order.AsMemory(..third), LookAsync);      // each is as cold as the one before; the compiler takes some thousands to end with it
            _ = await TouchAsync(order.AsMemory(..third), SealAsync);
        }

        var looks = await TouchAsync(order.AsMemory(third..(2 * third)), LookAsync);
        var seals = await TouchAsync(order.AsMemory((2 * third)..), SealAsync);
        await pair.Sender.CheckpointAsync();
        Row Percentile(string name, LatencyHistogram latencies, double share) => new(name, [latencies.Percentile(share) / 1_000], "µs");
        return
        [
            Percentile("first touch of a cold peer: median", looks, 0.5) with { Bar = Bar.AtMost(50) },
            Percentile("first touch of a cold peer: 99th percentile", looks, 0.99),
            Percentile("first seal to a cold peer, keys made for it: median", seals, 0.5),
            Percentile("first seal to a cold peer: 99th percentile", seals, 0.99),
            Row.Bounded("peers in memory after all were touched", pair.Sender.ResidentPeers, "", residentMax + ResidentSlack),
        ];

        async Task<int> LookAsync(SessionName session) => (await pair.Sender.GetPeerAsync(session.Peer, session.Identity)).Pins.Count;
        async Task<int> SealAsync(SessionName session) => (await pair.Sender.SealAsync(session.Peer, payload, session.Identity)).Length;
    }

    private const int WarmingRounds = 6;

    /// <summary>What a shard holds beyond its part of the bound: the peer it works on, and those of the round before.</summary>
    private const int ResidentSlack = 64 * 4;

    private static async Task<LatencyHistogram> TouchAsync(ReadOnlyMemory<SessionName> sessions, Func<SessionName, Task<int>> touch)
    {
        var latencies = new LatencyHistogram();
        for (var i = 0; i < sessions.Length; i++)
        {
            var began = Stopwatch.GetTimestamp();
            if (await touch(sessions.Span[i]) == 0)
            {
                throw new InvalidOperationException("a cold peer came back empty");
            }

            latencies.Add((long)Stopwatch.GetElapsedTime(began).TotalNanoseconds);
        }

        return latencies;
    }
}

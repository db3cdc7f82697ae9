using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Durable messages of 256 bytes until they are in the journal, over SQLite with synchronous=FULL.</summary>
internal static class DurableRows
{
    /// <summary>Ten times what was measured, so that it trips when something grows with the count of messages, not when a batch is small.</summary>
    private const double AllocatedMax = 100_000;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var peers = Math.Min(options.Peers, 1_000);
        var count = options.Quick ? 500 : 50_000;
        var callers = options.Quick ? 50 : 4_000;
        var payload = new byte[256];
        await using var pair = await Pair.StartAsync(peers, durable: true, connect: true);
        var sent = new List<double>();
        var handled = new List<double>();
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        for (var round = 0; round < options.Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var receiving = HandleAsync(pair.Receiver, count);
            sent.Add(await TrafficRows.ConcurrentAsync(count, callers, async i =>
                await pair.Sender.SendAsync(Pair.Right, payload, new SendOptions(Identity: pair.Names[i % peers]))));
            await receiving;
            handled.Add(count / watch.Elapsed.TotalSeconds);
        }

        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)count / options.Rounds;
        return
        [
            new Row($"durable send until journalled, {callers:N0} callers", sent, "/s"),
            new Row("the same until received and acknowledged, both engines here", handled, "/s"),
            Row.Bounded("allocated by a durable message, both engines, everything", allocated, "B", AllocatedMax),
        ];
    }

    private static async Task HandleAsync(SessionEngine engine, int count)
    {
        var pending = new List<Task>();
        var seen = new HashSet<ReceivedMessageId>();
        await foreach (var message in engine.ReceiveAsync())
        {
            if (message.Payload.Length != 256 || !seen.Add(message.Id))
            {
                throw new InvalidOperationException($"message {message.Id} came twice, or with other bytes");
            }

            pending.Add(engine.AcknowledgeAsync(message.Id));
            if (pending.Count == count)
            {
                break;
            }
        }

        await Task.WhenAll(pending);
    }
}

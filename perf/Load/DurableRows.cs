using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Durable messages of 256 bytes until they are in the journal, over SQLite with synchronous=FULL.</summary>
internal static class DurableRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var peers = Math.Min(options.Peers, 1_000);
        var count = options.Quick ? 500 : 50_000;
        var callers = options.Quick ? 50 : 4_000;
        var payload = new byte[256];
        await using var pair = await Pair.StartAsync(peers, durable: true, connect: true);
        var sent = new List<double>();
        var handled = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var receiving = HandleAsync(pair.Receiver, count);
            sent.Add(await TrafficRows.ConcurrentAsync(count, callers, async i =>
                await pair.Sender.SendAsync(Pair.Right, payload, new SendOptions(Identity: pair.Names[i % peers]))));
            await receiving;
            handled.Add(count / watch.Elapsed.TotalSeconds);
        }

        return
        [
            new Row($"durable send until journalled, {callers:N0} callers", sent, "/s"),
            new Row("the same until received and acknowledged, both engines here", handled, "/s"),
        ];
    }

    private static async Task HandleAsync(SessionEngine engine, int count)
    {
        var pending = new List<Task>();
        await foreach (var message in engine.ReceiveAsync())
        {
            pending.Add(engine.AcknowledgeAsync(message.Id));
            if (pending.Count == count)
            {
                break;
            }
        }

        await Task.WhenAll(pending);
    }
}

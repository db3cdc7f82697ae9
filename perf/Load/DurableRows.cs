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
        var (peers, count, callers) = Sizes(options);
        var payload = new byte[256];
        await using var pair = await Pair.StartAsync(peers, durable: true, connect: true, options.Aead[^1]);
        var sent = new List<double>();
        var handled = new List<double>();
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var processor = new List<double>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var usedBefore = Environment.CpuUsage.TotalTime;
            var receiving = HandleAsync(pair.Receiver, count);
            sent.Add(await TrafficRows.ConcurrentAsync(count, callers, async i =>
                await pair.Sender.SendAsync(Pair.Right, payload, new SendOptions(Identity: pair.Names[i % peers]))));
            await receiving;
            handled.Add(count / watch.Elapsed.TotalSeconds);
            processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
        }

        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)count / options.Rounds;
        return
        [
            new Row($"durable send until journalled, {callers:N0} callers", sent, "/s"),
            new Row("the same until received and acknowledged, both engines here", handled, "/s"),
            new Row("processor time of each, both engines", processor, "µs"),
            Row.Bounded("allocated by a durable message, both engines, everything", allocated, "B", AllocatedMax),
        ];
    }

    /// <summary>The sender alone: its peers cannot be reached, so that nothing is sealed for a link and nothing leaves the outbox.</summary>
    internal static async Task<IReadOnlyList<Row>> SendAloneAsync(LoadOptions options)
    {
        var (peers, count, callers) = Sizes(options);
        var rows = new List<Row>();
        foreach (var aead in options.Aead)
        {
            var sent = new List<double>();
            var processor = new List<double>();
            var allocated = new List<double>();
            await using var pair = await Pair.StartAsync(peers, durable: true, connect: false, aead, configure: Alone);
            await pair.Receiver.DisposeAsync();
            foreach (var name in pair.Names)
            {
                await pair.Sender.SetAddressesAsync(Pair.Right, [], name);
            }

            var payload = new byte[256];
            for (var round = -1; round < options.Rounds; round++)       // the first round compiles
            {
                var usedBefore = Environment.CpuUsage.TotalTime;
                var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
                var rate = await TrafficRows.ConcurrentAsync(count, callers, async i =>
                    await pair.Sender.SendAsync(Pair.Right, payload, new SendOptions(Identity: pair.Names[i % peers])));
                if (round >= 0)
                {
                    sent.Add(rate);
                    processor.Add((Environment.CpuUsage.TotalTime - usedBefore).TotalMicroseconds / count);
                    allocated.Add((GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore) / (double)count);
                }
            }

            var kept = 0;
            foreach (var name in pair.Names)
            {
                kept += (await pair.Sender.GetPeerAsync(Pair.Right, name)).OutboxCount;
            }

            if (kept != count * (options.Rounds + 1))
            {
                throw new InvalidOperationException($"the outbox keeps {kept} of {count * (options.Rounds + 1)} messages");
            }

            var provider = aead.ToString().ToLowerInvariant();
            rows.Add(new Row($"{provider}: durable send, sender alone, no checkpoint", sent, "/s"));
            rows.Add(new Row($"{provider}: processor time of each", processor, "µs"));
            rows.Add(new Row($"{provider}: allocated by each", allocated, "B"));
        }

        return rows;
    }

    private static (int Peers, int Count, int Callers) Sizes(LoadOptions options) =>
        (Math.Min(options.Peers, 1_000), options.Quick ? 500 : 50_000, options.Quick ? 50 : 4_000);

    /// <summary>No checkpoint in between, which would write each message that waits as a row, and no second handshake attempt.</summary>
    private static void Alone(EngineOptions options)
    {
        options.Journal.CheckpointInterval = TimeSpan.FromHours(1);
        options.Journal.TailBytesMax = 16L << 30;
        options.Handshake.RetryInitial = options.Handshake.RetryMax = TimeSpan.FromMinutes(5);
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

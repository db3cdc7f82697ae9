using System.Diagnostics;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>What a resident peer costs, and a handshake, through the engine.</summary>
internal static class MemoryRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        await using var pair = await Pair.StartAsync(options.Peers, durable: false, connect: false);
        await pair.Sender.CheckpointAsync();
        await pair.Receiver.CheckpointAsync();
        var before = Live();
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(pair.Names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, token) =>
            await pair.Sender.ConnectAsync(Pair.Right, name, cancellationToken: token));
        var rate = options.Peers / watch.Elapsed.TotalSeconds;
        await pair.Sender.CheckpointAsync();
        await pair.Receiver.CheckpointAsync();
        return
        [
            new Row("handshakes, both sides in this process", [rate], "/s"),
            new Row("managed memory of a session, one side, no keyed cipher", [(Live() - before) / 2.0 / options.Peers], "B"),
        ];
    }

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}

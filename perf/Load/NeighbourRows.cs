using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>What the framework offers in place of an engine, on this machine in this run; beside it what the engine does of the same kind.</summary>
internal static class NeighbourRows
{
    internal const int PayloadSize = 256;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var (count, callers) = options.Quick ? (500, 20) : (200_000, 1_000);
        List<double> protects = [], unprotects = [], records = [], asks = [], seals = [];
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = Math.Min(options.Peers, 1_000), Aead = options.Aead[^1] });
        var payload = new byte[PayloadSize];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var (protect, unprotect) = ProtectionNeighbour.Run(count / 4);
            var tls = await TlsNeighbour.RunAsync(count);
            var actor = await ActorNeighbour.RunAsync(count, callers);
            var seal = await TrafficRows.ConcurrentAsync(count, callers, async number =>
            {
                var session = pair.Sessions[Spread.Over(number, pair.Sessions.Length)];
                if ((await pair.Sender.SealAsync(session.Peer, payload, session.Identity)).Length != PayloadSize + SessionEngine.EnvelopeOverhead)
                {
                    throw new InvalidOperationException("an envelope has another length");
                }
            });
            if (round >= 0)
            {
                protects.Add(protect);
                unprotects.Add(unprotect);
                records.Add(tls);
                asks.Add(actor);
                seals.Add(seal);
            }
        }

        var engine = new Row($"{options.Aead[^1].ToString().ToLowerInvariant()}: seal of 256 B from {callers:N0} concurrent callers", seals, "/s");
        return
        [
            engine,
            new Row("ASP.NET Core Data Protection: protect 256 B, one thread", protects, "/s", engine.Median, "the engine's row above"),
            new Row("ASP.NET Core Data Protection: unprotect, one thread", unprotects, "/s", engine.Median, "the same"),
            new Row("SslStream, TLS 1.3: records of 256 B written and read, in memory", records, "/s", engine.Median, "the same"),
            new Row($"bare actor on a bounded channel, awaited by {callers:N0} callers", asks, "/s", engine.Median, "the same"),
        ];
    }
}

using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>What it costs to make peers known to each other and to give each a session, both engines in this process, and how that grows with their number.</summary>
internal static class SetupRows
{
    private const int Parts = 5;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            var name = aead.ToString().ToLowerInvariant();
            var began = Environment.CpuUsage.TotalTime;
            await using var pair = await Pair.IntroduceAsync(new PairOptions { Sessions = options.Peers, Aead = aead });
            rows.Add(new Row($"{name}: two peers that know each other, of {options.Peers:N0}: processor time", [Since(began, options.Peers)], "µs"));
            var part = options.Peers / Parts;
            var each = new double[Parts];
            for (var i = 0; i < Parts; i++)
            {
                began = Environment.CpuUsage.TotalTime;
                await pair.ConnectAsync(i * part, (i + 1) * part);
                each[i] = Since(began, part);
            }

            rows.Add(new Row($"{name}: session made, both sides, by fifths of {options.Peers:N0}: processor time", each, "µs"));
            rows.Add(new Row($"{name}: the same, the last fifth", [each[^1]], "µs"));
        }

        return rows;
    }

    private static double Since(TimeSpan began, int count) => (Environment.CpuUsage.TotalTime - began).TotalMicroseconds / count;
}

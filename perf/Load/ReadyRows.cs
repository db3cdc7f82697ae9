using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Starting over a store that holds many peers, none of them in the tail: with SQLite, after a clean stop.</summary>
internal static class ReadyRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var few = await MeasureAsync(options, Math.Min(options.Stored, 100));
        var many = await MeasureAsync(options, options.Stored);
        return
        [
            few.Ready,
            many.Ready with { Ceiling = few.Ready.Median, Against = "few peers", Bar = Bar.AtMost(100) },
            many.Adding,
        ];
    }

    private static async Task<(Row Ready, Row Adding)> MeasureAsync(LoadOptions options, int count)
    {
        var watch = Stopwatch.StartNew();
        await using var crowd = await Crowd.MakeAsync(count, connects: false, static _ => { });
        var adding = count / watch.Elapsed.TotalSeconds;
        var identities = crowd.Sessions.Select(session => session.Identity).Distinct().Count();
        var starts = new List<double>();
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            watch.Restart();
            await crowd.StartSenderAsync(AeadProviderChoice.Auto);
            if (round >= 0)
            {
                starts.Add(watch.Elapsed.TotalMilliseconds);
            }

            var session = crowd.Sessions[^1];
            if ((await crowd.Sender.GetPeerAsync(session.Peer, session.Identity)).Pins.Count != 1)
            {
                throw new InvalidOperationException("a stored peer came back without its pin");
            }

            await crowd.Sender.DisposeAsync();
        }

        return (
            new Row($"ready over {count:N0} stored peers of {identities:N0} identities, SQLite", starts, "ms"),
            new Row($"peers added to two engines, {count:N0} each, without waiting for the disk", [adding], "/s"));
    }
}

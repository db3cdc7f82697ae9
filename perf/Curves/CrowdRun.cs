using System.Diagnostics;
using System.Globalization;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Curves;

/// <summary>Measures a million sessions of one engine, most of them put away, with each provider in turn over one set-up.</summary>
internal sealed class CrowdRun(Part part, CurveOptions options, Action<Point> report, Action<string> note)
{
    private const int TouchCount = 2_000;
    private const int ProgressEvery = 100_000;
    private const int CheckCount = 64;

    internal async Task RunAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var crowd = await Crowd.MakeAsync(part.Sessions, connects: true, count =>
        {
            if (count % ProgressEvery == 0)
            {
                Note($"{count:N0} sessions made after {watch.Elapsed.TotalSeconds:N0} s, {Environment.CpuUsage.TotalTime.TotalSeconds:N0} s of processor time; {Memory()}");
            }
        });
        Note($"set-up: {watch.Elapsed.TotalSeconds:N0} s, {part.Sessions / watch.Elapsed.TotalSeconds:N0} sessions/s, both sides in this process; {crowd.StoredBytes / (1 << 20):N0} MiB on disk");
        foreach (var aead in options.Aead)
        {
            await MeasureAsync(crowd, aead);
        }
    }

    private async Task MeasureAsync(Crowd crowd, AeadProviderChoice aead)
    {
        var name = aead.ToString().ToLowerInvariant();
        GC.Collect();
        var watch = Stopwatch.StartNew();
        await crowd.StartSenderAsync(aead);
        Note($"{name}: ready over {part.Sessions:N0} sessions in {watch.Elapsed.TotalMilliseconds:N0} ms; {Memory()}");
        var sessions = crowd.Sessions;
        await TouchAsync(crowd.Sender, sessions, name);
        await new PartRun(part, options, report).VolatileLoadsAsync(new VolatileTraffic(crowd.Sender, sessions), name, part.Sessions, 256);
        Note($"{name}: after the loads {Memory()}");

        var last = new VolatileTraffic(crowd.Sender, crowd.LastSessions);
        var call = last.Of(256);
        for (var number = 0; number < CheckCount; number++)
        {
            await call(number * VolatileTraffic.SampleEvery);
        }

        if (await last.CheckAsync(crowd.Receiver, _ => true) != CheckCount)
        {
            throw new InvalidOperationException("not all envelopes were checked");
        }

        await crowd.Sender.DisposeAsync();
    }

    private async Task TouchAsync(SessionEngine sender, SessionName[] sessions, string name)
    {
        var latencies = new LatencyHistogram();
        var random = new Random(1);
        for (var i = 0; i < Math.Min(2 * TouchCount, sessions.Length); i++)
        {
            var session = sessions[random.Next(sessions.Length)];
            var began = Stopwatch.GetTimestamp();
            await sender.GetPeerAsync(session.Peer, session.Identity);
            if (i >= Math.Min(TouchCount, sessions.Length / 2))        // the first half compiles
            {
                latencies.Add((long)Stopwatch.GetElapsedTime(began).TotalNanoseconds);
            }
        }

        Note($"{name}: first touch of a cold peer: median {latencies.Percentile(0.5) / 1_000:N0} µs, 99th percentile {latencies.Percentile(0.99) / 1_000:N0} µs");
    }

    private static string Memory()
    {
        using var self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"process {self.WorkingSet64 >> 20:N0} MiB, most so far {self.PeakWorkingSet64 >> 20:N0} MiB, managed {GC.GetTotalMemory(false) >> 20:N0} MiB");
    }

    private void Note(FormattableString text) => note(FormattableString.Invariant(text));
}

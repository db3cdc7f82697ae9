using System.Globalization;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>What a resident peer costs: known, with a session, and with keyed ciphers. The store is on disk, so that its rows are not counted.</summary>
internal static class MemoryRows
{
    private const int KeyedFewest = 2;      // the least that may be asked for: all others' keys are dropped

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        await using (var first = await Pair.StartAsync(new PairOptions { Sessions = Math.Min(options.Peers, 500), Store = StoreKind.Disk }))
        {
            await TouchAsync(first);        // what the runtime and pools take once is not a peer's
        }

        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            var (bare, keyed) = (await SlopeAsync(aead, options.Peers, KeyedFewest), await SlopeAsync(aead, options.Peers, 2 * options.Peers));
            var name = aead.ToString().ToLowerInvariant();
            rows.Add(new Row($"{name}: resident peer without a session, managed", [bare.Known], "B"));
            rows.Add(new Row($"{name}: resident idle peer, no keyed cipher, managed", [bare.Used], "B") { Bar = Bar.AtMost(1_536) });
            rows.Add(new Row($"{name}: the same with a keyed cipher, managed", [keyed.Used], "B") { Bar = aead == AeadProviderChoice.Platform ? null : Bar.AtMost(2_048) });
            rows.Add(new Row($"{name}: what that cipher adds, native memory included", [keyed.Private - bare.Private], "B"));
        }

        rows.AddRange(await HubMemory.RunAsync(options));
        return rows;
    }

    /// <summary>Bytes of one more peer on one side: what two engines take besides is in both counts of peers, and so in neither.</summary>
    private static async Task<Sizes> SlopeAsync(AeadProviderChoice aead, int count, int keyedMax)
    {
        var fewCount = Math.Max(1, count / 10);
        var (few, many) = (await MeasureAsync(aead, fewCount, keyedMax), await MeasureAsync(aead, count, keyedMax));
        double Each(double less, double more) => (more - less) / 2 / (count - fewCount);
        return new Sizes(Each(few.Known, many.Known), Each(few.Used, many.Used), Each(few.Private, many.Private));
    }

    private static async Task<Sizes> MeasureAsync(AeadProviderChoice aead, int count, int keyedMax)
    {
        var before = Live();
        await using var pair = await Pair.IntroduceAsync(new PairOptions
        {
            Sessions = count,
            Store = StoreKind.Disk,
            Aead = aead,
            Configure = made => made.Residency.KeyedAeadMax = keyedMax,
        });
        await CheckpointAsync(pair);
        var known = Live();
        await pair.ConnectAsync(0, count);
        await TouchAsync(pair);
        await CheckpointAsync(pair);
        var used = Live();
        return new Sizes(known.Managed - before.Managed, used.Managed - before.Managed, used.Private - before.Private);
    }

    /// <summary>Seals and opens once over each session: both sides have a cipher then.</summary>
    private static async Task TouchAsync(Pair pair)
    {
        foreach (var session in pair.Sessions)
        {
            var opened = await pair.Receiver.OpenAsync(await pair.Sender.SealAsync(session.Peer, new byte[16], session.Identity));
            if (opened.Payload.Length != 16 || opened.Peer != session.Origin)
            {
                throw new InvalidOperationException("an envelope opened to something else");
            }
        }
    }

    private static async Task CheckpointAsync(Pair pair)
    {
        await pair.Sender.CheckpointAsync();
        await pair.Receiver.CheckpointAsync();
    }

    private static (long Managed, long Private) Live()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return (GC.GetTotalMemory(forceFullCollection: true), AnonymousBytes());
    }

    /// <summary>Memory of the process that no file backs; 0 where the system does not tell.</summary>
    private static long AnonymousBytes() => !File.Exists("/proc/self/status") ? 0 : 1_024 * File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
        .Select(line => long.Parse(line["RssAnon:".Length..].Replace("kB", string.Empty, StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture))
        .FirstOrDefault();

    /// <summary>Bytes: of peers that only know each other, of peers that sealed and opened, and of the whole process then.</summary>
    private readonly record struct Sizes(double Known, double Used, double Private);
}

using System.Globalization;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>What a resident peer costs: known, with a session, and with keyed ciphers. The store is on disk, so that its rows are not counted.</summary>
internal static class MemoryRows
{
    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        await using (var first = await Pair.StartAsync(new PairOptions { Sessions = Math.Min(options.Peers, 500), Store = StoreKind.Disk }))
        {
            await TouchAsync(first);        // what the runtime and pools take once is not a peer's
        }

        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            // What two engines take besides is in both, and so in neither.
            var (fewCount, count) = (Math.Max(1, options.Peers / 10), options.Peers);
            var few = await MeasureAsync(aead, fewCount);
            var many = await MeasureAsync(aead, count);
            double Each(Func<Sizes, long> size) => (size(many) - size(few)) / 2.0 / (count - fewCount);
            var name = aead.ToString().ToLowerInvariant();
            rows.Add(new Row($"{name}: resident peer without a session, managed", [Each(size => size.Known)], "B"));
            rows.Add(new Row($"{name}: resident idle peer, no keyed cipher, managed", [Each(size => size.Idle)], "B") { Bar = Bar.AtMost(1_536) });
            rows.Add(new Row($"{name}: the same with a keyed cipher, managed", [Each(size => size.Keyed)], "B") { Bar = aead == AeadProviderChoice.Platform ? null : Bar.AtMost(2_048) });
            rows.Add(new Row($"{name}: what that cipher adds, native memory included", [Each(size => size.KeysPrivate)], "B"));
        }

        return rows;
    }

    private static async Task<Sizes> MeasureAsync(AeadProviderChoice aead, int count)
    {
        var before = Live();
        await using var pair = await Pair.IntroduceAsync(new PairOptions { Sessions = count, Store = StoreKind.Disk, Aead = aead });
        await CheckpointAsync(pair);
        var known = Live();
        await pair.ConnectAsync(0, count);
        await CheckpointAsync(pair);
        var idle = Live();
        await TouchAsync(pair);
        await CheckpointAsync(pair);
        var keyed = Live();
        return new Sizes(known.Managed - before.Managed, idle.Managed - before.Managed, keyed.Managed - before.Managed, keyed.Private - idle.Private);
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

    /// <summary>What all peers of both engines take, in bytes.</summary>
    private readonly record struct Sizes(long Known, long Idle, long Keyed, long KeysPrivate);
}

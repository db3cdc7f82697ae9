using System.Diagnostics;
using System.Globalization;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Load;

/// <summary>Bare AES-256-GCM with an envelope's header, by size and threads: every provider against the platform's in the same round.</summary>
internal static class AeadRows
{
    private const int HeaderSize = 44;
    private const int BytesPerRound = 8 << 20;
    private const int CostOfCall = 1_024;       // what a call costs beside its bytes, in bytes: keeps rounds about as long as each other

    private static readonly int[] Sizes = [64, 256, 1_024, 16_384, 65_536];

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        List<AeadProvider> providers = [AeadProvider.Platform, .. AeadProvider.IntrinsicWidths];
        foreach (var threads in new[] { 1, 2 })
        {
            foreach (var size in Sizes)
            {
                var seal = providers.Select(_ => new List<double>()).ToArray();
                var open = providers.Select(_ => new List<double>()).ToArray();
                for (var round = -1; round < options.Rounds; round++)
                {
                    for (var at = 0; at < providers.Count; at++)
                    {
                        var rates = await Task.WhenAll(Enumerable.Range(0, threads).Select(_ =>
                            Task.Run(() => Measure(providers[at], size, options.Quick ? 20 : BytesPerRound / (size + CostOfCall)))));
                        if (round >= 0)     // the first round compiles
                        {
                            seal[at].Add(rates.Sum(rate => rate.Seal));
                            open[at].Add(rates.Sum(rate => rate.Open));
                        }
                    }
                }

                var on = string.Create(CultureInfo.InvariantCulture, $"{size:N0} B, {threads} thread{(threads == 1 ? "" : "s")}");
                rows.AddRange(Compare("seal", on, providers, seal));
                rows.AddRange(Compare("open", on, providers, open));
            }
        }

        return rows;
    }

    private static IEnumerable<Row> Compare(string call, string on, List<AeadProvider> providers, List<double>[] rates)
    {
        var platform = new Row($"bare {call}, {on}: platform", rates[0], "/s");
        yield return platform;
        for (var at = 1; at < providers.Count; at++)
        {
            yield return new Row($"bare {call}, {on}: {providers[at].Name}", rates[at], "/s", platform.Median, "platform");
        }
    }

    private static (double Seal, double Open) Measure(AeadProvider provider, int size, int calls)
    {
        using var key = provider.CreateKey(new byte[AeadKey.KeySize]);
        byte[] nonce = new byte[AeadKey.NonceSize], header = new byte[HeaderSize], tag = new byte[AeadKey.TagSize];
        byte[] plaintext = new byte[size], ciphertext = new byte[size];
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < calls; i++)
        {
            BitConverter.TryWriteBytes(nonce, i);
            key.Seal(nonce, header, plaintext, ciphertext, tag);
        }

        var seal = calls / watch.Elapsed.TotalSeconds;
        watch.Restart();
        for (var i = 0; i < calls; i++)
        {
            if (!key.TryOpen(nonce, header, ciphertext, tag, plaintext))
            {
                throw new InvalidOperationException("what was sealed does not open");
            }
        }

        return (seal, calls / watch.Elapsed.TotalSeconds);
    }
}

using System.Diagnostics;
using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Pipelines against bare calls in turns of some milliseconds: what others do to the machine meets each alike, which whole rounds of seconds do not have.</summary>
internal static class TurnRows
{
    private const int PayloadSize = 256;
    private const int HeaderSize = 44;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var aead in options.Aead)
        {
            rows.AddRange(await RunAsync(options, aead));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options, AeadProviderChoice aead)
    {
        var (warming, turns) = options.Quick ? (0, 1) : (100, 200);
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = options.Peers, Aead = aead });
        var random = new Random(1);
        var order = Enumerable.Range(0, (warming + turns) * PipelineLoad.TurnCount).Select(_ => random.Next(options.Peers)).ToArray();
        var pipeline = new PipelineLoad(pair, order, new byte[PayloadSize]);
        var provider = new AeadProviders(aead, AeadProvider.Intrinsics).Default;
        var platform = Enumerable.Range(0, options.Peers).Select(number => new AesGcm(Key(number), AeadKey.TagSize)).ToArray();
        var keys = Enumerable.Range(0, options.Peers).Select(number => provider.CreateKey(Key(number))).ToArray();
        var (nonce, payload, ciphertext, tag, header) =
            (new byte[AeadKey.NonceSize], new byte[PayloadSize], new byte[PayloadSize], new byte[AeadKey.TagSize], new byte[HeaderSize]);
        List<double> bare = [], withHeader = [], sealing = [], opening = [];
        for (var turn = -warming; turn < turns; turn++)
        {
            var from = (warming + turn) * PipelineLoad.TurnCount;
            double[] seconds =
            [
                Seconds(number => platform[number].Encrypt(nonce, payload, ciphertext, tag)),
                Seconds(number => keys[number].Seal(nonce, header, payload, ciphertext, tag)),
            ];
            var (sealedIn, openedIn) = await pipeline.TurnAsync(from);
            if (turn >= 0)
            {
                bare.Add(PipelineLoad.TurnCount / seconds[0]);
                withHeader.Add(PipelineLoad.TurnCount / seconds[1]);
                sealing.Add(PipelineLoad.TurnCount / sealedIn);
                opening.Add(PipelineLoad.TurnCount / openedIn);
            }

            double Seconds(Action<int> call)
            {
                var watch = Stopwatch.StartNew();
                for (var i = 0; i < PipelineLoad.TurnCount; i++)
                {
                    BitConverter.TryWriteBytes(nonce, from + i);
                    call(order[from + i]);
                }

                return watch.Elapsed.TotalSeconds;
            }
        }

        Array.ForEach(platform, static cipher => cipher.Dispose());
        Array.ForEach(keys, static key => key.Dispose());
        var name = aead.ToString().ToLowerInvariant();
        var bar = Bar.RatioAtLeast(aead == AeadProviderChoice.Platform ? 0.9 : 3);
        Row ceiling = new("turns of bare AES-GCM, 256 B, as many keys", bare, "/s");
        Row Against(string row, List<double> rates) => new($"{name}: {row}", rates, "/s", ceiling.Median, "bare AES-GCM");
        return
        [
            ceiling,
            Against("turns of the bare provider with header", withHeader),
            Against($"turns of sealing through a pipeline, {options.Peers:N0} peers", sealing) with { Bar = bar },
            Against("turns of opening through a pipeline", opening) with { Bar = bar },
        ];
    }

    private static byte[] Key(int number) => SHA256.HashData(BitConverter.GetBytes(number));
}

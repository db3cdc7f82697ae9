using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Awaited calls, every other one a seal and an open, offered open loop at the rate the design names.</summary>
internal static class AwaitedRows
{
    private const int PayloadSize = 256;
    private const double Rate = 400_000;
    private const double Seconds = 3;

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
        await using var pair = await Pair.StartAsync(new PairOptions { Sessions = options.Peers, Aead = aead });
        var (rate, seconds) = options.Quick ? (2_000, 0.1) : (Rate, Seconds);
        var payload = new byte[PayloadSize];
        new Random(1).NextBytes(payload);
        var loop = new OpenLoop(Pace.Spinning, 10_000);
        List<OpenLoopResult> results = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var envelopes = await EnvelopesAsync(pair, payload, (int)(rate * seconds / 2) + 1);
            var result = await loop.RunAsync(number => number % 2 == 0 ? SealAsync(pair, payload, number / 2) : OpenAsync(pair, payload, envelopes[number / 2]), rate, seconds);
            if (round >= 0)
            {
                results.Add(result);
            }
        }

        var name = aead.ToString().ToLowerInvariant();
        Row Percentile(string label, double share) => new($"{name}: {label}", [.. results.Select(result => result.Latencies.Percentile(share) / 1_000)], "µs");
        return
        [
            new Row($"{name}: awaited seals and opens answered, {options.Peers:N0} peers", [.. results.Select(result => result.Achieved)], "/s", rate, "what was offered"),
            Percentile("50th percentile of them, from when each was due", 0.5),
            Percentile("99th percentile", 0.99) with { Bar = Bar.AtMost(500) },
            Percentile("99.9th percentile", 0.999),
        ];
    }

    private static async Task<byte[][]> EnvelopesAsync(Pair pair, byte[] payload, int count)
    {
        var envelopes = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            var session = pair.Sessions[Spread.Over(i, pair.Sessions.Length)];
            envelopes[i] = await pair.Sender.SealAsync(session.Peer, payload, session.Identity);
        }

        return envelopes;
    }

    private static ValueTask SealAsync(Pair pair, byte[] payload, int number)
    {
        var session = pair.Sessions[Spread.Over(number, pair.Sessions.Length)];
        var sealing = pair.Sender.SealAsync(session.Peer, payload, session.Identity);
        return sealing.IsCompletedSuccessfully
            ? Whole(sealing.Result.Length == payload.Length + SessionEngine.EnvelopeOverhead)
            : WaitAsync(sealing, payload.Length);

        static async ValueTask WaitAsync(ValueTask<byte[]> sealing, int size) =>
            await Whole((await sealing).Length == size + SessionEngine.EnvelopeOverhead);
    }

    private static ValueTask OpenAsync(Pair pair, byte[] payload, byte[] envelope)
    {
        var opening = pair.Receiver.OpenAsync(envelope);
        return opening.IsCompletedSuccessfully ? Whole(opening.Result.Payload.Span.SequenceEqual(payload)) : WaitAsync(opening, payload);

        static async ValueTask WaitAsync(ValueTask<OpenedEnvelope> opening, byte[] payload) =>
            await Whole((await opening).Payload.Span.SequenceEqual(payload));
    }

    private static ValueTask Whole(bool isWhole) => isWhole
        ? ValueTask.CompletedTask : throw new InvalidOperationException("an envelope was not sealed whole, or did not open to what went in");
}

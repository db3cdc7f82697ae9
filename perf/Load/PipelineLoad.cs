using System.Diagnostics;
using System.Threading.Channels;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Seals and opens through pipelines, in turns of a few thousand envelopes: they go on while they are in the processor's cache, as
/// on their way to and from a network.</summary>
internal sealed class PipelineLoad(Pair pair, int[] order, byte[] payload)
{
    /// <summary>How many messages a pipeline seals before they are opened.</summary>
    internal const int TurnCount = 8_192;

    private const int PipelinesMax = 2;

    // Those of one turn, for each pipeline: what was opened is let go, as by a service that has sent it on.
    private readonly ReadOnlyMemory<byte>[][] _envelopes = [.. Enumerable.Range(0, PipelinesMax).Select(_ => new ReadOnlyMemory<byte>[TurnCount])];

    internal byte[] Payload => payload;

    /// <summary>Gives the rates of sealing and opening, with so many pipelines at once.</summary>
    internal async Task<double[]> RunAsync(int pipelines)
    {
        double sealing = 0, opening = 0;
        for (var from = 0; from < order.Length; from += TurnCount * pipelines)
        {
            sealing += await SecondsAsync(pipelines, from, SealAsync);
            opening += await SecondsAsync(pipelines, from, OpenAsync);
        }

        return [order.Length / sealing, order.Length / opening];
    }

    /// <summary>Gives how long sealing and opening one turn through one pipeline take.</summary>
    internal async Task<(double Sealing, double Opening)> TurnAsync(int from) =>
        (await SecondsAsync(1, from, SealAsync), await SecondsAsync(1, from, OpenAsync));

    private async Task<double> SecondsAsync(int pipelines, int from, Func<ArraySegment<int>, ReadOnlyMemory<byte>[], Task<double>> run)
    {
        var parts = Enumerable.Range(0, pipelines).Where(part => from + (part * TurnCount) < order.Length);
        var seconds = await Task.WhenAll(parts.Select(part => Task.Run(() =>
        {
            var start = from + (part * TurnCount);
            return run(new ArraySegment<int>(order, start, Math.Min(TurnCount, order.Length - start)), _envelopes[part]);
        })));
        return seconds.Max();
    }

    private async Task<double> SealAsync(ArraySegment<int> numbers, ReadOnlyMemory<byte>[] envelopes)
    {
        var requests = Requests(numbers.AsSpan(), number => new SealRequest(pair.Sessions[number].Peer, payload, pair.Sessions[number].Identity));
        var at = 0;
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Sender.SealManyAsync(requests))
        {
            envelopes[at++] = result.IsSealed ? result.Envelope : throw new InvalidOperationException($"a payload was not sealed: {result.Error}");
        }

        return watch.Elapsed.TotalSeconds;
    }

    private async Task<double> OpenAsync(ArraySegment<int> numbers, ReadOnlyMemory<byte>[] envelopes)
    {
        var requests = Requests(envelopes.AsSpan(0, numbers.Count), envelope => envelope);
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Receiver.OpenManyAsync(requests))
        {
            if (!result.IsOpened || result.Opened.Payload.Length != payload.Length)
            {
                throw new InvalidOperationException($"an envelope did not open: {result.Error}");
            }
        }

        return watch.Elapsed.TotalSeconds;
    }

    // All items are there before the clock starts: their source is not what is measured.
    private static ChannelReader<TItem> Requests<TSource, TItem>(Span<TSource> sources, Func<TSource, TItem> item)
    {
        var channel = Channel.CreateUnbounded<TItem>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        foreach (var source in sources)
        {
            channel.Writer.TryWrite(item(source));
        }

        channel.Writer.Complete();
        return channel.Reader;
    }
}

using System.Diagnostics;
using System.Threading.Channels;
using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Seals and opens through pipelines, in turns of a few thousand envelopes: they go on while they are in the processor's cache, as
/// on their way to and from a network.</summary>
internal sealed class PipelineLoad(Pair pair, int[] order, byte[] payload)
{
    private const int TurnCount = 8_192;

    private readonly ReadOnlyMemory<byte>[] _envelopes = new ReadOnlyMemory<byte>[order.Length];

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

    private async Task<double> SecondsAsync(int pipelines, int from, Func<int, int, Task<double>> run)
    {
        var parts = Enumerable.Range(0, pipelines).Select(part => from + (part * TurnCount)).Where(start => start < order.Length);
        var seconds = await Task.WhenAll(parts.Select(start => Task.Run(() => run(start, Math.Min(start + TurnCount, order.Length)))));
        return seconds.Max();
    }

    private async Task<double> SealAsync(int from, int to)
    {
        var requests = Requests(order.AsSpan(from..to), number => new SealRequest(pair.Sessions[number].Peer, payload, pair.Sessions[number].Identity));
        var at = from;
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Sender.SealManyAsync(requests))
        {
            _envelopes[at++] = result.IsSealed ? result.Envelope : throw new InvalidOperationException($"a payload was not sealed: {result.Error}");
        }

        return watch.Elapsed.TotalSeconds;
    }

    private async Task<double> OpenAsync(int from, int to)
    {
        var envelopes = Requests<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(_envelopes.AsSpan(from..to), envelope => envelope);
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Receiver.OpenManyAsync(envelopes))
        {
            if (!result.IsOpened || result.Opened.Payload.Length != payload.Length)
            {
                throw new InvalidOperationException($"an envelope did not open: {result.Error}");
            }
        }

        return watch.Elapsed.TotalSeconds;
    }

    // All items are there before the clock starts: their source is not what is measured.
    private static ChannelReader<TItem> Requests<TSource, TItem>(ReadOnlySpan<TSource> sources, Func<TSource, TItem> item)
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

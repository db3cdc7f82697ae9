using System.Diagnostics;
using System.Threading.Channels;
using Kyberium.Engine;

namespace Kyberium.Load;

/// <summary>Seals and opens through pipelines: one, and two at once over the same sessions.</summary>
internal sealed class PipelineLoad(Pair pair, int[] order, byte[] payload)
{
    internal byte[] Payload => payload;

    private ReadOnlyMemory<byte>[] _envelopes = [];

    /// <summary>Seals in one pipeline.</summary>
    internal async Task<double> SealAsync()
    {
        _envelopes = new ReadOnlyMemory<byte>[order.Length];
        return await SealAsync(0, order.Length);
    }

    /// <summary>Opens, in one pipeline, what was sealed last.</summary>
    internal Task<double> OpenAsync() => OpenAsync(0, order.Length);

    /// <summary>Seals in two pipelines, then opens in two; each does half.</summary>
    internal async Task<double[]> TwiceAsync()
    {
        _envelopes = new ReadOnlyMemory<byte>[order.Length];
        var half = order.Length / 2;
        return
        [
            (await Task.WhenAll(Task.Run(() => SealAsync(0, half)), Task.Run(() => SealAsync(half, order.Length)))).Sum(),
            (await Task.WhenAll(Task.Run(() => OpenAsync(0, half)), Task.Run(() => OpenAsync(half, order.Length)))).Sum(),
        ];
    }

    private async Task<double> SealAsync(int from, int to)
    {
        var requests = Requests(order.AsSpan(from..to), number => new SealRequest(Pair.Right, payload, pair.Names[number]));
        var at = from;
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Sender.SealManyAsync(requests))
        {
            _envelopes[at++] = result.IsSealed ? result.Envelope : throw new InvalidOperationException($"a payload was not sealed: {result.Error}");
        }

        return (at - from) / watch.Elapsed.TotalSeconds;
    }

    private async Task<double> OpenAsync(int from, int to)
    {
        var envelopes = Requests<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(_envelopes.AsSpan(from..to), envelope => envelope);
        var opened = 0;
        var watch = Stopwatch.StartNew();
        await foreach (var result in pair.Receiver.OpenManyAsync(envelopes))
        {
            opened += result.IsOpened && result.Opened.Payload.Length == payload.Length
                ? 1
                : throw new InvalidOperationException($"an envelope did not open: {result.Error}");
        }

        return opened / watch.Elapsed.TotalSeconds;
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

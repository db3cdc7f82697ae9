using System.Threading.Channels;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Streams of volatile payloads through two engines.</summary>
public sealed class ManyTests
{
    private static CancellationToken Timely => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_stream_is_sealed_and_opened_in_order_and_waits_for_the_first_session_itself()
    {
        await using var pair = await TwoEngines.StartAsync(options => options.Pipeline.InFlightMax = 300);
        var requests = Channel.CreateUnbounded<SealRequest>();
        for (var i = 0; i < 2_000; i++)
        {
            requests.Writer.TryWrite(new SealRequest(TwoEngines.BobPeer, Payload(i)));
        }

        requests.Writer.Complete();
        var next = 0;
        await foreach (var opened in pair.Bob.OpenManyAsync(Envelopes(pair.Alice.SealManyAsync(requests.Reader, Timely)), Timely))
        {
            Assert.True(opened.IsOpened, $"item {next}: {opened.Error}");
            Assert.Equal(TwoEngines.AlicePeer, opened.Opened.Peer);
            Assert.Equal(Payload(next++), opened.Opened.Payload.ToArray());
        }

        Assert.Equal(2_000, next);
    }

    [Fact]
    public async Task A_bad_item_gives_its_own_error_and_the_stream_goes_on()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.ConnectAsync(TwoEngines.BobPeer, cancellationToken: Timely);
        SealRequest[] requests =
        [
            new(TwoEngines.BobPeer, Payload(0)),
            new(new PeerId("nobody"), Payload(1)),
            new(TwoEngines.BobPeer, new byte[SessionEngine.PayloadLengthMax + 1]),
            new(TwoEngines.BobPeer, Payload(3)),
        ];
        var sealed_ = new List<SealResult>();
        await foreach (var result in pair.Alice.SealManyAsync(Of(requests), Timely))
        {
            sealed_.Add(result);
        }

        Assert.Equal([null, EngineErrorCode.PeerUnknown, EngineErrorCode.PayloadTooLarge, null], sealed_.Select(result => result.Error));
        var tampered = sealed_[3].Envelope.ToArray();
        tampered[^1] ^= 1;
        ReadOnlyMemory<byte>[] envelopes = [sealed_[0].Envelope, tampered, sealed_[0].Envelope[..10], sealed_[0].Envelope, sealed_[3].Envelope];
        var opened = new List<EngineErrorCode?>();
        await foreach (var result in pair.Bob.OpenManyAsync(Of(envelopes), Timely))
        {
            opened.Add(result.Error);
        }

        Assert.Equal(
            [null, EngineErrorCode.EnvelopeRejected, EngineErrorCode.EnvelopeMalformed, EngineErrorCode.EnvelopeRejected, null], opened);
    }

    private static byte[] Payload(int number) => [.. BitConverter.GetBytes(number), .. new byte[number % 700]];

    private static async IAsyncEnumerable<T> Of<T>(params T[] items)
    {
        await Task.CompletedTask;
        foreach (var item in items)
        {
            yield return item;
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Envelopes(IAsyncEnumerable<SealResult> results)
    {
        await foreach (var result in results)
        {
            Assert.True(result.IsSealed, $"{result.Error}");
            yield return result.Envelope;
        }
    }
}

using System.Threading.Channels;
using Kyberium.Engine.Pipelines;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Seals a stream of payloads: in batches, results in the order of the requests, at most
    /// <see cref="PipelineOptions.InFlightMax"/> requests ahead of what was taken.</summary>
    /// <remarks>
    /// It runs as its results are asked for, on the asking thread; several streams at once use several cores. A request that
    /// has to wait for a session keeps its place while those after it go on. A request that fails gives its error as its
    /// result. Leaving the enumeration, or cancelling, ends everything under way; a source has to heed its own token for
    /// that, which is the one its <c>GetAsyncEnumerator</c> is given.
    /// </remarks>
    public IAsyncEnumerable<SealResult> SealManyAsync(
        IAsyncEnumerable<SealRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return SealManyAsync(token => new EnumerableSource<SealRequest>(requests.GetAsyncEnumerator(token)), cancellationToken);
    }

    /// <inheritdoc cref="SealManyAsync(IAsyncEnumerable{SealRequest}, CancellationToken)"/>
    public IAsyncEnumerable<SealResult> SealManyAsync(ChannelReader<SealRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return SealManyAsync(token => new ChannelSource<SealRequest>(requests, token), cancellationToken);
    }

    /// <summary>Opens a stream of envelopes that <see cref="SealAsync"/> and its like made: in batches, results in the order of
    /// the envelopes, at most <see cref="PipelineOptions.InFlightMax"/> envelopes ahead of what was taken.</summary>
    /// <remarks>As <see cref="SealManyAsync(IAsyncEnumerable{SealRequest}, CancellationToken)"/>: an envelope that does not open
    /// gives its error as its result.</remarks>
    public IAsyncEnumerable<OpenResult> OpenManyAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelopes);
        return OpenManyAsync(
            token => new EnumerableSource<ReadOnlyMemory<byte>>(envelopes.GetAsyncEnumerator(token)), cancellationToken);
    }

    /// <inheritdoc cref="OpenManyAsync(IAsyncEnumerable{ReadOnlyMemory{byte}}, CancellationToken)"/>
    public IAsyncEnumerable<OpenResult> OpenManyAsync(
        ChannelReader<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelopes);
        return OpenManyAsync(token => new ChannelSource<ReadOnlyMemory<byte>>(envelopes, token), cancellationToken);
    }

    private IAsyncEnumerable<SealResult> SealManyAsync(
        Func<CancellationToken, ItemSource<SealRequest>> open, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        return new Pipeline<SealRequest, SealResult>(_settings.Pipeline, _scheduler, new SealStage(this)).RunAsync(open, cancellationToken);
    }

    private IAsyncEnumerable<OpenResult> OpenManyAsync(
        Func<CancellationToken, ItemSource<ReadOnlyMemory<byte>>> open, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        return new Pipeline<ReadOnlyMemory<byte>, OpenResult>(_settings.Pipeline, _scheduler, new OpenStage(this))
            .RunAsync(open, cancellationToken);
    }

    /// <summary>A place for traffic that was looked up. Into an array of the class itself nothing is put without reading the object, which waits for memory.</summary>
    private struct LookedUp
    {
        internal EpochTraffic? Traffic;
    }

    private sealed class SealStage(SessionEngine engine) : PipelineStage<SealRequest, SealResult>
    {
        private readonly SharedBuffer _buffer = new();
        private readonly LookedUp[] _looked = new LookedUp[PlaceCount];

        internal override int SizeOf(in SealRequest item) => item.Payload.Length;

        internal override void Look(int step, ReadOnlySpan<SealRequest> block, int place)
        {
            for (var at = 0; at < block.Length; at++)
            {
                switch (step)
                {
                    case 0:
                        engine._shards.FetchResident(Key(block[at].Peer, block[at].Identity));
                        break;
                    case 1:
                        _looked[place + at].Traffic = engine._shards.FindResident(Key(block[at].Peer, block[at].Identity))?.Sending;
                        _looked[place + at].Traffic?.FetchSending(0);
                        break;
                    default:
                        _looked[place + at].Traffic?.FetchSending(step - 1);
                        break;
                }
            }
        }

        internal override void LookAway() => Array.Clear(_looked);

        internal override bool TryProcess(in SealRequest item, int place, out SealResult result)
        {
            result = default;
            if (Volatile.Read(ref engine._stopping) != 0 || _looked[place].Traffic is not { } traffic)
            {
                return false;
            }

            if (item.Payload.Length > PayloadLengthMax)
            {
                result = new SealResult(default, EngineErrorCode.PayloadTooLarge);
                return true;
            }

            var room = _buffer.Room(SealedSize(traffic.Peer.Policy.Padding, item.Payload.Length));
            switch (engine.Seal(traffic, item.Payload.Span, room.Span, out var written))
            {
                case SealOutcome.Sealed:
                    result = new SealResult(_buffer.Keep(room, written), null);
                    return true;
                case SealOutcome.TooLong:
                    result = new SealResult(default, EngineErrorCode.PayloadTooLarge);
                    return true;
                default:
                    return false;       // the epoch went while it was looked up, or is at a hard limit and waits for the next
            }
        }

        internal override async Task<SealResult> ProcessAsync(SealRequest item, CancellationToken cancellationToken)
        {
            try
            {
                return new SealResult(
                    await engine.SealAsync(item.Peer, item.Payload, item.Identity, cancellationToken).ConfigureAwait(false), null);
            }
            catch (EngineException failure)
            {
                return new SealResult(default, failure.Code);
            }
        }
    }

    private sealed class OpenStage(SessionEngine engine) : PipelineStage<ReadOnlyMemory<byte>, OpenResult>
    {
        private readonly SharedBuffer _buffer = new();
        private readonly LookedUp[] _looked = new LookedUp[PlaceCount];

        internal override int SizeOf(in ReadOnlyMemory<byte> item) => item.Length;

        internal override void Look(int step, ReadOnlySpan<ReadOnlyMemory<byte>> block, int place)
        {
            for (var at = 0; at < block.Length; at++)
            {
                switch (step)
                {
                    case 0 when EnvelopeHeader.TryReadReceiver(block[at].Span, out var ahead):
                        engine._shards.Find(ahead.Shard)?.FetchTraffic(ahead);
                        break;
                    case 0:
                        break;      // says what is wrong with it when it is done
                    case 1:
                        _looked[place + at].Traffic = EnvelopeHeader.TryReadReceiver(block[at].Span, out var receiver)
                            ? engine._shards.Find(receiver.Shard)?.FindTraffic(receiver)
                            : null;
                        _looked[place + at].Traffic?.FetchReceiving(0);
                        break;
                    default:
                        _looked[place + at].Traffic?.FetchReceiving(step - 1);
                        break;
                }
            }
        }

        internal override void LookAway() => Array.Clear(_looked);

        internal override bool TryProcess(in ReadOnlyMemory<byte> item, int place, out OpenResult result)
        {
            result = default;
            if (!EnvelopeHeader.TryReadEnvelope(item.Span, out var header, out var failure))
            {
                result = new OpenResult(default, WireErrors.Envelope(failure).Code);
                return true;
            }

            if (header.Type is not (EnvelopeType.Data or EnvelopeType.FramedData))
            {
                result = new OpenResult(default, EngineErrorCode.RequestInvalid);
                return true;
            }

            if (Volatile.Read(ref engine._stopping) != 0 || _looked[place].Traffic is not { } traffic)
            {
                return false;
            }

            var room = _buffer.Room(header.BodyLength - EnvelopeHeader.TagSize);
            switch (engine.Open(traffic, header, item.Span, room.Span, out var details))
            {
                case OpenOutcome.Opened:
                    result = Framed(traffic, header, room, details.Written);
                    return true;
                case OpenOutcome.Rejected or OpenOutcome.Limit when !traffic.IsDisposed:
                    result = new OpenResult(default, EngineErrorCode.EnvelopeRejected);
                    return true;
                default:
                    return false;       // waits for a reservation, or tells the peer where to go on
            }
        }

        internal override async Task<OpenResult> ProcessAsync(ReadOnlyMemory<byte> item, CancellationToken cancellationToken)
        {
            try
            {
                return new OpenResult(await engine.OpenAsync(item, cancellationToken).ConfigureAwait(false), null);
            }
            catch (EngineException failure)
            {
                return new OpenResult(default, failure.Code);
            }
        }

        private OpenResult Framed(EpochTraffic traffic, in EnvelopeHeader header, Memory<byte> room, int written)
        {
            var payload = _buffer.Keep(room, written);
            if (header.Type == EnvelopeType.FramedData)
            {
                if (!FramedData.TryRead(payload.Span, out var framed, out _))
                {
                    return new OpenResult(default, EngineErrorCode.EnvelopeRejected);
                }

                payload = payload.Slice(FramedData.HeadSize, framed.Length);
            }

            return new OpenResult(new OpenedEnvelope(traffic.Peer.Key.Identity, traffic.Peer.Key.Peer, payload), null);
        }
    }
}

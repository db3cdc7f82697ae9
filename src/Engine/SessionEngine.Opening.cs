using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Opens an envelope that <see cref="SealAsync"/> or <see cref="TrySeal"/> of the peer made.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.EnvelopeRejected"/>, for every reason the keys have;
    /// <see cref="EngineErrorCode.Overloaded"/>: the sender's window is being put away, the same envelope may open in a moment;
    /// <see cref="EngineErrorCode.EnvelopeMalformed"/> and its neighbours for what the header shows.</exception>
    public ValueTask<OpenedEnvelope> OpenAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default) =>
        OpenNowAsync(envelope, null, cancellationToken);

    /// <summary>As <see cref="OpenAsync"/>, into the caller's memory: nothing is allocated unless it has to wait.</summary>
    /// <param name="envelope">A whole envelope.</param>
    /// <param name="payload">At least the envelope's length less <see cref="EnvelopeOverhead"/>, beside the envelope; the engine's until the task completes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Who sealed it, and where in <paramref name="payload"/> the sender's bytes are.</returns>
    /// <exception cref="ArgumentException">The payload does not fit.</exception>
    /// <exception cref="EngineException">As <see cref="OpenAsync"/>.</exception>
    public ValueTask<OpenedEnvelope> OpenIntoAsync(ReadOnlyMemory<byte> envelope, Memory<byte> payload, CancellationToken cancellationToken = default) =>
        OpenNowAsync(envelope, payload, cancellationToken);

    /// <summary>Opens without waiting and without allocating.</summary>
    /// <param name="envelope">A whole envelope.</param>
    /// <param name="payload">At least the envelope's length less <see cref="EnvelopeOverhead"/>.</param>
    /// <param name="written">The payload's length.</param>
    /// <param name="peer">Who sealed it.</param>
    /// <returns><see langword="false"/> when it does not open, or <see cref="OpenAsync"/> would have to wait: call that to learn which.</returns>
    public bool TryOpen(ReadOnlySpan<byte> envelope, Span<byte> payload, out int written, out PeerId peer)
    {
        written = 0;
        peer = default;
        if (Volatile.Read(ref _stopping) != 0
            || !EnvelopeHeader.TryReadEnvelope(envelope, out var header, out _)
            || header.Type is not (EnvelopeType.Data or EnvelopeType.FramedData)
            || _shards.Find(header.Receiver.Shard)?.FindTraffic(header.Receiver) is not { } traffic
            || Open(traffic, header, envelope, payload, out var details) != OpenOutcome.Opened)
        {
            return false;
        }

        peer = traffic.Peer.Key.Peer;
        written = details.Written;
        if (header.Type == EnvelopeType.FramedData)
        {
            if (!FramedData.TryRead(payload[..written], out var framed, out _))
            {
                return false;
            }

            framed.CopyTo(payload);
            written = framed.Length;
        }

        return true;
    }

    private ValueTask<OpenedEnvelope> OpenNowAsync(ReadOnlyMemory<byte> envelope, Memory<byte>? payload, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _stopping) != 0
            || !EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out _)
            || header.Type is not (EnvelopeType.Data or EnvelopeType.FramedData)
            || payload?.Length < header.BodyLength - EnvelopeHeader.TagSize
            || _shards.Find(header.Receiver.Shard)?.FindTraffic(header.Receiver) is not { } traffic)
        {
            return OpenLaterAsync(envelope, payload, cancellationToken);
        }

        var plaintext = Room(header, payload);
        var outcome = Open(traffic, header, envelope.Span, plaintext.Span, out var details);
        if (outcome == OpenOutcome.Opened && header.Type == EnvelopeType.Data)
        {
            return new ValueTask<OpenedEnvelope>(Opened(traffic, header, plaintext));
        }

        return outcome != OpenOutcome.Opened && _router is not null
            ? OpenLaterAsync(envelope, payload, cancellationToken)      // the peer may be on its way to another node
            : OpenLaterAsync(envelope, header, plaintext, traffic, outcome, details, cancellationToken);
    }

    /// <summary>Says what is wrong with an envelope, or brings back the peer that it is for.</summary>
    private async ValueTask<OpenedEnvelope> OpenLaterAsync(ReadOnlyMemory<byte> envelope, Memory<byte>? payload, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        if (!EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out var failure))
        {
            throw WireErrors.Envelope(failure);
        }

        if (header.Type is not (EnvelopeType.Data or EnvelopeType.FramedData))
        {
            throw EngineErrors.NotData();
        }

        if (payload?.Length < header.BodyLength - EnvelopeHeader.TagSize)
        {
            throw new ArgumentException($"The payload takes {header.BodyLength - EnvelopeHeader.TagSize:N0} bytes.", nameof(payload));
        }

        if (_router is null || header.Receiver.Shard >= _shards.Count)
        {
            return await OpenHereAsync(envelope, header, Room(header, payload), cancellationToken).ConfigureAwait(false);
        }

        var opened = await CallAsync(
            header.Receiver.Shard, () => OpenHereAsync(envelope, header, Room(header, payload), cancellationToken), new NodeRequest.Open(envelope),
            NodeAnswerCodec.ReadOpened, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (payload is not { } room || opened.Payload.Span.Overlaps(room.Span))
        {
            return opened;
        }

        opened.Payload.CopyTo(room);
        return opened with { Payload = room[..opened.Payload.Length] };
    }

    private async Task<OpenedEnvelope> OpenHereAsync(
        ReadOnlyMemory<byte> envelope, EnvelopeHeader header, Memory<byte> plaintext, CancellationToken cancellationToken)
    {
        var traffic = await TrafficAsync(header, cancellationToken).ConfigureAwait(false);
        var outcome = Open(traffic, header, envelope.Span, plaintext.Span, out var details);
        return await OpenLaterAsync(envelope, header, plaintext, traffic, outcome, details, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does what an attempt asks for before the next, until the envelope is open or refused.</summary>
    private async ValueTask<OpenedEnvelope> OpenLaterAsync(
        ReadOnlyMemory<byte> envelope, EnvelopeHeader header, Memory<byte> plaintext, EpochTraffic traffic, OpenOutcome outcome, OpenDetails details,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (outcome)
            {
                case OpenOutcome.Opened:
                    return Opened(traffic, header, plaintext);
                case OpenOutcome.NeedsReservation:
                    var reserve = new ReserveWork(
                        traffic, header.Incarnation, details.ReserveThrough!.Value, details.IsNewIncarnation, details.CloseFirst,
                        _scheduler.Completion);
                    await _shards.At(header.Receiver.Shard).EnqueueAsync(reserve, cancellationToken).ConfigureAwait(false);
                    await reserve.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case OpenOutcome.Closing:
                    await FindAgainAsync(traffic, cancellationToken).ConfigureAwait(false);
                    break;
                case OpenOutcome.BelowReservation:
                    // Authentic, but refused since an earlier owner may have shown it: the peer is told where to go on.
                    await _shards.At(header.Receiver.Shard).EnqueueAsync(
                        new EnvelopeWork(header, envelope.ToArray(), traffic.Peer.Key), cancellationToken).ConfigureAwait(false);
                    throw EngineErrors.EnvelopeRejected();
                default:
                    ThrowIfStopping();
                    throw EngineErrors.NotOpened(outcome);
            }

            traffic = await TrafficAsync(header, cancellationToken).ConfigureAwait(false);
            outcome = Open(traffic, header, envelope.Span, plaintext.Span, out details);
        }
    }

    private static Memory<byte> Room(in EnvelopeHeader header, Memory<byte>? payload)
    {
        var length = header.BodyLength - EnvelopeHeader.TagSize;
        return payload is { } room ? room[..length] : GC.AllocateUninitializedArray<byte>(length);
    }

    private OpenOutcome Open(
        EpochTraffic traffic, in EnvelopeHeader header, ReadOnlySpan<byte> envelope, Span<byte> plaintext, out OpenDetails details)
    {
        OpenOutcome outcome;
        lock (traffic.Gate)
        {
            if (traffic.IsDisposed)
            {
                details = default;
                return OpenOutcome.Closing;
            }

            outcome = traffic.Receiving.TryOpen(header, envelope, default, plaintext, out details);
        }

        Used(traffic);
        if (!traffic.Peer.Owner.Lease.MayServe)
        {
            plaintext.Clear();      // another node may have the peer, and the next owner may have opened it
            details = default;
            return OpenOutcome.Closing;
        }

        if (outcome == OpenOutcome.Opened)
        {
            AfterOpen(traffic, header, details);
        }

        return outcome;
    }

    private void AfterOpen(EpochTraffic traffic, in EnvelopeHeader header, in OpenDetails details)
    {
        if (details.ReserveThrough is { } renew && traffic.RenewOnce(header.Incarnation, renew))
        {
            _shards.Find(header.Receiver.Shard)?.PostInternal(new ReserveWork(
                traffic, header.Incarnation, renew, isNew: false, default, _scheduler.Completion));
        }

        if (traffic.IsWatched)
        {
            traffic.Heard();
            _shards.Find(header.Receiver.Shard)?.PostInternal(new SilentPeerWork(
                traffic.Peer.Key, new PeerCommand.Record(traffic.Epoch.LocalIndex, header.Type, default)));
        }
    }

    private static OpenedEnvelope Opened(EpochTraffic traffic, in EnvelopeHeader header, ReadOnlyMemory<byte> payload)
    {
        if (header.Type == EnvelopeType.FramedData)
        {
            if (!FramedData.TryRead(payload.Span, out var framed, out _))
            {
                throw EngineErrors.EnvelopeRejected();
            }

            payload = payload.Slice(FramedData.HeadSize, framed.Length);
        }

        return new OpenedEnvelope(traffic.Peer.Key.Identity, traffic.Peer.Key.Peer, payload);
    }

    private ValueTask<EpochTraffic> TrafficAsync(EnvelopeHeader header, CancellationToken cancellationToken) =>
        _shards.Find(header.Receiver.Shard)?.FindTraffic(header.Receiver) is { } known
            ? new ValueTask<EpochTraffic>(known)
            : BringBackAsync(header, cancellationToken);

    private async ValueTask<EpochTraffic> BringBackAsync(EnvelopeHeader header, CancellationToken cancellationToken)
    {
        if (await FindTrafficAsync(header, cancellationToken).ConfigureAwait(false) is { } traffic)
        {
            return traffic;
        }

        ThrowIfStopping();      // what is not found then may have been put away
        throw EngineErrors.EnvelopeRejected();
    }

    /// <summary>An epoch left memory while it was looked up: its peer is brought back, unless the epoch is gone for good.</summary>
    private async ValueTask FindAgainAsync(EpochTraffic left, CancellationToken cancellationToken)
    {
        var index = left.Epoch.LocalIndex;
        try
        {
            var found = await LookAsync(left.Peer.Key, _ => _shards.Find(index.Shard)?.FindTraffic(index), cancellationToken).ConfigureAwait(false);
            if (found is null || found == left)
            {
                throw EngineErrors.EnvelopeRejected();
            }
        }
        catch (EngineException failure) when (failure.Code == EngineErrorCode.PeerUnknown)
        {
            throw EngineErrors.EnvelopeRejected();
        }
    }

    /// <summary>Finds an epoch by its index; a peer that is not in memory is brought back.</summary>
    private async ValueTask<EpochTraffic?> FindTrafficAsync(EnvelopeHeader header, CancellationToken cancellationToken)
    {
        if (_shards.Find(header.Receiver.Shard) is not { } shard)
        {
            return null;
        }

        if (shard.FindTraffic(header.Receiver) is { } known)
        {
            return known;
        }

        if (await shard.FindOwnerAsync(header.Receiver).WaitAsync(cancellationToken).ConfigureAwait(false) is not { } owner)
        {
            return null;
        }

        try
        {
            return await LookAsync(owner, _ => shard.FindTraffic(header.Receiver), cancellationToken).ConfigureAwait(false);
        }
        catch (EngineException failure) when (failure.Code == EngineErrorCode.PeerUnknown)
        {
            return null;
        }
    }
}

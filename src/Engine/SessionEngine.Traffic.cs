using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>What an envelope adds to the payload; with padding in the policy, up to 65,538 bytes more.</summary>
    public const int EnvelopeOverhead = EnvelopeHeader.RecordOverhead;

    /// <summary>The longest payload of one envelope.</summary>
    public const int PayloadLengthMax = 1 << 20;

    /// <summary>Waits until there is a session with the peer, and makes one when there is none.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.HandshakeTimedOut"/> and what else policy says.</exception>
    public async Task ConnectAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        using var activity = EngineActivities.Connect();
        try
        {
            await AskAsync(Key(peer, identity), new PeerCommand.Connect(Fresh: false), caller, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    /// <summary>Starts the next epoch now. Completes when the attempt is under way, not when the peer has answered.</summary>
    public async Task RekeyAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Rekey(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Ends every session with the peer and tells it. Durable messages wait for the next one.</summary>
    public async Task CloseAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Close(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Seals a payload for a peer, waiting for a session or a rekey when it has to: at most the handshake's time-out.</summary>
    /// <returns>A whole envelope, to be carried to the peer by any means.</returns>
    public async ValueTask<byte[]> SealAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        var key = Key(peer, identity);
        ThrowIfStopping();
        while (true)
        {
            if (_shards.FindResident(key) is { Sending: { } traffic } resident)
            {
                var size = SealedSize(resident.Policy.Padding, payload.Length);
                var envelope = GC.AllocateUninitializedArray<byte>(size);
                switch (Seal(traffic, payload.Span, envelope, out _))
                {
                    case SealOutcome.Sealed:
                        return envelope;
                    case SealOutcome.TooLong:
                        throw EngineErrors.TooLong(PayloadLengthMax);
                    case SealOutcome.HardLimit:
                        await AskAsync(key, new PeerCommand.AwaitNextEpoch(traffic.Epoch.LocalIndex), default, cancellationToken).ConfigureAwait(false);
                        continue;
                    default:
                        break;      // the epoch went while it was looked up: the peer is asked again
                }
            }

            await AskAsync(key, new PeerCommand.Connect(Fresh: false), default, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Seals without waiting and without allocating.</summary>
    /// <param name="peer">The peer, as the default identity knows it.</param>
    /// <param name="payload">At most <see cref="PayloadLengthMax"/> bytes.</param>
    /// <param name="envelope">At least the payload's length and <see cref="EnvelopeOverhead"/>, or what padding makes of it.</param>
    /// <param name="written">The envelope's length.</param>
    /// <returns><see langword="false"/> when <see cref="SealAsync"/> would have to wait, or the destination is too small.</returns>
    public bool TrySeal(PeerId peer, ReadOnlySpan<byte> payload, Span<byte> envelope, out int written)
    {
        written = 0;
        var key = new PeerKey(IdentityName.Default, peer);
        return Volatile.Read(ref _stopping) == 0
            && _shards.FindResident(key) is { Sending: { } traffic }
            && Seal(traffic, payload, envelope, out written) == SealOutcome.Sealed;
    }

    /// <summary>Opens an envelope that <see cref="SealAsync"/> or <see cref="TrySeal"/> of the peer made.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.EnvelopeRejected"/>, for every reason the keys have;
    /// <see cref="EngineErrorCode.Overloaded"/>: the sender's window is being put away, the same envelope may open in a moment;
    /// <see cref="EngineErrorCode.EnvelopeMalformed"/> and its neighbours for what the header shows.</exception>
    public async ValueTask<OpenedEnvelope> OpenAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default)
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

        var plaintext = GC.AllocateUninitializedArray<byte>(header.BodyLength - EnvelopeHeader.TagSize);
        while (true)
        {
            if (await FindTrafficAsync(header, cancellationToken).ConfigureAwait(false) is not { } traffic)
            {
                ThrowIfStopping();      // what is not found then may have been put away
                throw EngineErrors.EnvelopeRejected();
            }

            var outcome = Open(traffic, header, envelope.Span, plaintext, out var details);
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
        }
    }

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

    private static PeerKey Key(PeerId peer, IdentityName? identity) => new(identity ?? IdentityName.Default, peer);

    private static int SealedSize(Padding padding, int payloadLength) =>
        EnvelopeHeader.RecordOverhead + (padding.BlockSizes.Items.IsEmpty
            ? payloadLength
            : padding.PaddedSize(FramedData.HeadSize + payloadLength));

    private SealOutcome Seal(EpochTraffic traffic, ReadOnlySpan<byte> payload, Span<byte> envelope, out int written)
    {
        written = 0;
        if (payload.Length > PayloadLengthMax)
        {
            return SealOutcome.TooLong;
        }

        var padding = traffic.Peer.Policy.Padding;
        var size = SealedSize(padding, payload.Length);
        if (envelope.Length < size)
        {
            return SealOutcome.DestinationTooSmall;
        }

        SealOutcome outcome;
        bool wantsRekey;
        lock (traffic.Gate)
        {
            if (traffic.IsDisposed)
            {
                return SealOutcome.DestinationTooSmall;
            }

            if (!padding.BlockSizes.Items.IsEmpty)
            {
                var frame = envelope[EnvelopeHeader.Size..(size - EnvelopeHeader.TagSize)];
                FramedData.Write(payload, frame.Length - FramedData.HeadSize - payload.Length, frame);
                outcome = traffic.Sending.TrySeal(EnvelopeType.FramedData, frame, default, envelope, out written);
            }
            else
            {
                outcome = traffic.Sending.TrySeal(EnvelopeType.Data, payload, default, envelope, out written);
            }

            wantsRekey = !traffic.RekeyAsked && traffic.Sending.WantsRekey;
            traffic.RekeyAsked |= wantsRekey;
        }

        Used(traffic);
        if (!traffic.Peer.Owner.Lease.MayServe)
        {
            envelope.Clear();       // another node may have the peer: the shard says so when it is asked
            written = 0;
            return SealOutcome.DestinationTooSmall;
        }

        if (wantsRekey)
        {
            _shards.Find(traffic.Epoch.LocalIndex.Shard)?.PostInternal(
                new SilentPeerWork(traffic.Peer.Key, new PeerCommand.RekeyDue(traffic.Epoch.LocalIndex)));
        }

        return outcome;
    }

    private void Used(EpochTraffic traffic)
    {
        if (!traffic.Peer.Touched)
        {
            traffic.Peer.Touched = true;
        }

        _environment.Keyed.Used(traffic);
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
            plaintext.Clear();      // as above, and the next owner may have opened it
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
            traffic.IsWatched = false;
            _shards.Find(header.Receiver.Shard)?.PostInternal(new SilentPeerWork(
                traffic.Peer.Key, new PeerCommand.Record(traffic.Epoch.LocalIndex, header.Type, default)));
        }
    }

    private static OpenedEnvelope Opened(EpochTraffic traffic, in EnvelopeHeader header, byte[] plaintext)
    {
        ReadOnlyMemory<byte> payload = plaintext;
        if (header.Type == EnvelopeType.FramedData)
        {
            if (!FramedData.TryRead(plaintext, out var framed, out _))
            {
                throw EngineErrors.EnvelopeRejected();
            }

            payload = payload.Slice(FramedData.HeadSize, framed.Length);
        }

        return new OpenedEnvelope(traffic.Peer.Key.Identity, traffic.Peer.Key.Peer, payload);
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

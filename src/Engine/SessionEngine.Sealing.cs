using Kyberium.Engine.Forwarding;
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

    /// <summary>Seals a payload for a peer, waiting for a session or a rekey when it has to: at most the handshake's time-out.</summary>
    /// <returns>A whole envelope, to be carried to the peer by any means.</returns>
    public ValueTask<byte[]> SealAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        var key = Key(peer, identity);
        return Volatile.Read(ref _stopping) == 0 && Seal(key, payload.Span, out _, out var envelope) == SealOutcome.Sealed
            ? new ValueTask<byte[]>(envelope)
            : SealLaterAsync(key, payload, cancellationToken);
    }

    /// <summary>As <see cref="SealAsync"/>, into the caller's memory: nothing is allocated unless it has to wait.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="payload">At most <see cref="PayloadLengthMax"/> bytes.</param>
    /// <param name="envelope">At least the payload's length and <see cref="EnvelopeOverhead"/>, or what padding makes of it; the engine's until the task completes.</param>
    /// <param name="identity">Whose peer; <see langword="null"/>: the default identity's.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The envelope's length.</returns>
    /// <exception cref="ArgumentException">The envelope does not fit.</exception>
    public ValueTask<int> SealIntoAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, Memory<byte> envelope, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        var key = Key(peer, identity);
        return Volatile.Read(ref _stopping) == 0
            && _shards.FindResident(key) is { Sending: { } traffic }
            && Seal(traffic, payload.Span, envelope.Span, out var written) == SealOutcome.Sealed
            ? new ValueTask<int>(written)
            : SealLaterAsync(key, payload, envelope, cancellationToken);
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

    private async ValueTask<byte[]> SealLaterAsync(PeerKey key, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        return payload.Length > PayloadLengthMax
            ? throw EngineErrors.TooLong(PayloadLengthMax)
            : await CallAsync(
                key, () => SealHereAsync(key, payload, cancellationToken), new NodeRequest.Seal(key, payload), NodeAnswerCodec.ReadRest,
                cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private async Task<byte[]> SealHereAsync(PeerKey key, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        while (true)
        {
            var outcome = Seal(key, payload.Span, out var traffic, out var envelope);
            if (outcome == SealOutcome.Sealed)
            {
                return envelope;
            }

            await ReadyToSealAsync(key, outcome, traffic, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<int> SealLaterAsync(PeerKey key, ReadOnlyMemory<byte> payload, Memory<byte> envelope, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        if (_router is not null)
        {
            return Fit(await SealLaterAsync(key, payload, cancellationToken).ConfigureAwait(false), envelope);
        }

        while (true)
        {
            var (outcome, traffic) = (SealOutcome.DestinationTooSmall, default(EpochTraffic));
            if (_shards.FindResident(key) is { Sending: { } sending } resident)
            {
                if (payload.Length <= PayloadLengthMax && SealedSize(resident.Policy.Padding, payload.Length) is var size && size > envelope.Length)
                {
                    throw new ArgumentException(TooSmall(size), nameof(envelope));
                }

                traffic = sending;
                outcome = Seal(sending, payload.Span, envelope.Span, out var written);
                if (outcome == SealOutcome.Sealed)
                {
                    return written;
                }
            }

            await ReadyToSealAsync(key, outcome, traffic, cancellationToken).ConfigureAwait(false);
        }
    }

    private static int Fit(byte[] made, Memory<byte> envelope)
    {
        if (made.Length > envelope.Length)
        {
            throw new ArgumentException(TooSmall(made.Length), nameof(envelope));
        }

        made.CopyTo(envelope);
        return made.Length;
    }

    private static string TooSmall(int size) => $"The envelope takes {size:N0} bytes.";

    /// <summary>Waits for what sealing lacked: the next epoch, or a session.</summary>
    private Task<PeerReply> ReadyToSealAsync(PeerKey key, SealOutcome outcome, EpochTraffic? traffic, CancellationToken cancellationToken) => outcome switch
    {
        SealOutcome.TooLong => throw EngineErrors.TooLong(PayloadLengthMax),
        SealOutcome.HardLimit => AskHereAsync(key, new PeerCommand.AwaitNextEpoch(traffic!.Epoch.LocalIndex), default, cancellationToken),
        _ => AskHereAsync(key, new PeerCommand.Connect(Fresh: false), default, cancellationToken),      // or the epoch went while it was looked up
    };

    /// <summary>Seals into an array of its own, if there is a session.</summary>
    private SealOutcome Seal(in PeerKey key, ReadOnlySpan<byte> payload, out EpochTraffic? traffic, out byte[] envelope)
    {
        (traffic, envelope) = (null, []);
        if (payload.Length > PayloadLengthMax)
        {
            return SealOutcome.TooLong;
        }

        if (_shards.FindResident(key) is not { Sending: { } sending } resident)
        {
            return SealOutcome.DestinationTooSmall;
        }

        traffic = sending;
        envelope = GC.AllocateUninitializedArray<byte>(SealedSize(resident.Policy.Padding, payload.Length));
        return Seal(sending, payload, envelope, out _);
    }

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
}

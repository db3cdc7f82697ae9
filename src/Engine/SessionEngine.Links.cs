using System.Security.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Takes an envelope that arrived for the engine itself: handshakes, durable messages, acknowledgements.</summary>
    /// <remarks>Links call this; so may an application that carries the bytes itself. Nothing is said of what came of it.</remarks>
    public async ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(
        ReadOnlyMemory<byte> envelope, string source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return await AcceptAsync(envelope, source, null, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ILinkExchange BeginExchange(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var exchange = new LinkExchange(
            _outlet.Returns, source,
            (envelope, exchange, cancellationToken) => AcceptAsync(envelope, exchange.Source, exchange, cancellationToken));
        if (_router is not null)
        {
            exchange.Id = _operations.Next();
            exchange.CollectElsewhere = (shard, bytesMax, wait, cancellationToken) =>
                CollectElsewhereAsync(exchange.Id, shard, bytesMax, wait, cancellationToken);
        }

        return exchange;
    }

    private async ValueTask<ReadOnlyMemory<byte>> AcceptAsync(
        ReadOnlyMemory<byte> envelope, string source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _stopping) != 0 || !_accepting.TryEnter())
        {
            return default;
        }

        try
        {
            return await AcceptOpenAsync(envelope, source, exchange, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _accepting.Exit();
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> AcceptOpenAsync(
        ReadOnlyMemory<byte> envelope, string source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (!EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out var failure))
        {
            Refused(failure.ToString());
            return default;
        }

        try
        {
            switch (header.Type)
            {
                case EnvelopeType.Handshake1 when _gate.DemandsCookies():
                    return _gate.Challenge(source, header, envelope.Span);
                case EnvelopeType.Handshake1:
                    await ReceiveHandshake1Async(envelope, source, exchange, hasCookie: false, cancellationToken).ConfigureAwait(false);
                    break;
                case EnvelopeType.CookieAnswer:
                    await ReceiveCookieAnswerAsync(envelope, source, exchange, cancellationToken).ConfigureAwait(false);
                    break;
                case EnvelopeType.Handshake2:
                    await ReceiveHandshake2Async(header, envelope, source, exchange, cancellationToken).ConfigureAwait(false);
                    break;
                case EnvelopeType.CookieChallenge:
                    Refused("a cookie challenge is answered by the link that sent message 1");
                    break;
                case EnvelopeType.Data:
                case EnvelopeType.FramedData:
                    Refused("volatile data does not come over a link: whoever sealed it carries it");
                    break;
                default:
                    await ReceiveRecordAsync(header, envelope, source, exchange, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
        catch (EngineException refused)
        {
            Refused(refused.Message);       // silence to the peer; the reason goes to the log
        }

        return default;
    }

    private async ValueTask ReceiveRecordAsync(
        EnvelopeHeader header, ReadOnlyMemory<byte> envelope, string? source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (_shards.Find(header.Receiver.Shard) is not { } shard)
        {
            await PassOnAsync(header.Receiver.Shard, envelope, source, exchange, cancellationToken).ConfigureAwait(false);
            return;
        }

        PeerKey? owner = shard.FindTraffic(header.Receiver)?.Peer.Key;
        owner ??= await shard.FindOwnerAsync(header.Receiver).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (owner is null)
        {
            Refused("no epoch has this receiver index");
            return;
        }

        await shard.EnqueueAsync(new EnvelopeWork(header, envelope.ToArray(), owner, exchange), cancellationToken).ConfigureAwait(false);
    }

    /// <param name="source">Where it came from; <see langword="null"/>: from another node, and then it is not passed on.</param>
    private async ValueTask ReceiveHandshake2Async(
        EnvelopeHeader header, ReadOnlyMemory<byte> envelope, string? source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (_shards.Find(header.Receiver.Shard) is not { } shard)
        {
            await PassOnAsync(header.Receiver.Shard, envelope, source, exchange, cancellationToken).ConfigureAwait(false);
        }
        else if (shard.FindHandshake(header.Receiver) is { } peer)
        {
            await shard.EnqueueAsync(
                new SilentPeerWork(peer, new PeerCommand.Handshake2(header.Receiver, envelope.ToArray())), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private async ValueTask ReceiveHandshake1Async(
        ReadOnlyMemory<byte> envelope, string source, LinkExchange? exchange, bool hasCookie, CancellationToken cancellationToken)
    {
        if (!EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out _)
            || await FindAddressedAsync(header.Incarnation).ConfigureAwait(false) is not { } local
            || !_gate.Admit(source, hasCookie))
        {
            Refused("message 1: no such identity, or too many at once");
            return;
        }

        await ReceiveAdmittedAsync(envelope, header, local, source, exchange, isPassedOn: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a message 1 that may cost something. Its peer's node does so once more: what it opens to goes through no link.</summary>
    private async ValueTask ReceiveAdmittedAsync(
        ReadOnlyMemory<byte> envelope, EnvelopeHeader header, (IdentityName Name, Fingerprint Fingerprint) local, string source, LinkExchange? exchange,
        bool isPassedOn, CancellationToken cancellationToken)
    {
        if (!PqIkHandshakes.TryOpenSession(_directory.Identities, local.Fingerprint, envelope.Span, out var opened))
        {
            Refused("message 1 does not open");
            return;
        }

        var initiator = opened.Payload.Initiator;
        if (await _directory.FindPeerAsync(local.Name, initiator).WaitAsync(cancellationToken).ConfigureAwait(false) is not { } peer)
        {
            opened.Dispose();
            Refused($"message 1 of {initiator}, which is not pinned");
            return;
        }

        if (!IsHere(peer))
        {
            opened.Dispose();
            await PassOnAsync(_shards.NumberOf(peer), envelope, isPassedOn ? null : source, exchange, cancellationToken).ConfigureAwait(false);
            return;
        }

        exchange?.Listen(peer);
        await _shards.Of(peer).EnqueueAsync(
            new SilentPeerWork(peer, new PeerCommand.Handshake1(
                opened, header.Suite, local.Fingerprint, initiator, SHA256.HashData(envelope.Span), source)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds the identity that a message 1 is addressed to; another node may have made it a moment ago.</summary>
    private async ValueTask<(IdentityName Name, Fingerprint Fingerprint)?> FindAddressedAsync(Incarnation addressed)
    {
        if (_directory.Identities.FindAddressed(addressed) is { } known)
        {
            return known;
        }

        await _directory.MissedAsync().ConfigureAwait(false);
        return _directory.Identities.FindAddressed(addressed);
    }

    private async ValueTask ReceiveCookieAnswerAsync(
        ReadOnlyMemory<byte> envelope, string source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (!IsGenuineAnswer(envelope.Span, source))
        {
            Refused("a cookie that was not made here for this source");
            return;
        }

        await ReceiveHandshake1Async(
            envelope[(EnvelopeHeader.Size + CookieChallenge.CookieSize)..], source, exchange, hasCookie: true, cancellationToken).ConfigureAwait(false);
    }

    private bool IsGenuineAnswer(ReadOnlySpan<byte> envelope, string source) =>
        CookieAnswer.TryRead(envelope[EnvelopeHeader.Size..], out var answer, out _) && _gate.IsGenuine(source, answer);

    /// <summary>Begins to call the peers that cannot call this side, when there is a link of that kind.</summary>
    private async Task StartCollectingAsync(CancellationToken cancellationToken)
    {
        var collecting = _parts.PeerLinks.Where(link => link.Collects).ToList();
        _outlet.Receive = async (envelope, address) => await AcceptEnvelopeAsync(envelope, address, CancellationToken.None).ConfigureAwait(false);
        _outlet.Collector = new LinkCollector(
            _scheduler, _settings.Links, collecting,
            peer => _shards.Find(peer)?.PostInternal(new SilentPeerWork(peer, new PeerCommand.Knock())), _outlet.Receive);
        if (collecting.Count > 0)
        {
            await foreach (var (identity, peer) in ListPeersAsync(cancellationToken).ConfigureAwait(false))
            {
                _outlet.Collector.Add(new PeerKey(identity, peer));
            }
        }
    }

    private void Refused(string reason)
    {
        _meter.EnvelopeRefused();
        EngineLog.EnvelopeRefused(_logger, reason);
    }
}

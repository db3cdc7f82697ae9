using System.Security.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>How many bytes of a stream one message carries at most.</summary>
    private const int ChunkBytesMax = 256 << 10;

    private readonly PeerTurns _sendingStreams = new();

    /// <summary>Sends a payload of any length in durable parts; the receiver gets it whole, verified, as one message with a
    /// <see cref="ReceivedMessage.Stream"/>. Completes when all of it is in the journal.</summary>
    /// <param name="peer">To whom. Streams to one peer go one after the other; messages may go in between.</param>
    /// <param name="source">Read to its end. Where the outbox is full, reading waits for acknowledgements.</param>
    /// <param name="options">The operation id stands for the whole: repeat a call that failed with the same id, and a stream
    /// that had come to its end is not sent twice. The expiry counts for each part.</param>
    /// <param name="caller">For the audit record.</param>
    /// <returns>The operation, and the number of the end mark.</returns>
    /// <remarks>The receiver's policy bounds the length: all parts wait in its inbox, so <c>inbox.bytesMax</c> less one part.
    /// The receiver refuses a longer one: the call ends then (at its next part, where the peer's shard is another node's), or, when it had completed, this
    /// side's audit record says <c>transfer-refused</c> with the operation. A call that fails or is cancelled tells the receiver to drop what it has.</remarks>
    /// <exception cref="EngineException">What <see cref="SendAsync"/> throws, except <see cref="EngineErrorCode.OutboxFull"/>;
    /// <see cref="EngineErrorCode.PayloadTooLarge"/> also when the receiver refused it.</exception>
    public async Task<SentMessage> SendStreamAsync(
        PeerId peer, Stream source, SendOptions options = default, CallerContext caller = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var key = Key(peer, options.Identity);
        using var turn = await _sendingStreams.EnterAsync(key, cancellationToken).ConfigureAwait(false);
        var (chunkBytes, sent) = await CallAsync(
            key, () => StreamTermsHereAsync(key, options.Operation, cancellationToken), new NodeRequest.BeginStream(key, options.Operation),
            NodeAnswerCodec.ReadTerms, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (options.Operation != Guid.Empty && sent is { } known)
        {
            return new SentMessage(options.Operation, known);
        }

        if (chunkBytes < TransferEnd.Size - TransferChunk.HeadSize)
        {
            throw EngineErrors.Refused(EngineErrorCode.PayloadTooLarge, key);
        }

        var expiresAt = ExpiryOf(options);
        var transfer = TransferId.Draw(_environment.Entropy);
        var isRepeatable = options.Operation != Guid.Empty;
        var operation = isRepeatable ? options.Operation : _operations.Next();
        var sender = _router is null ? caller : caller with { Operation = operation };      // by which the node that has the shard knows the whole
        using var sending = _environment.Transfers.Begin(key, transfer, operation);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sending.Refused);
        var index = 0UL;
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
            var length = 0UL;
            while (await ReadChunkAsync(source, chunkBytes, either.Token).ConfigureAwait(false) is { } payload)
            {
                var bytes = payload[TransferChunk.HeadSize..];
                hash.AppendData(bytes.Span);
                length += (ulong)bytes.Length;
                new TransferChunk(transfer, index).Write(payload.Span);
                index++;
                await SendInTurnAsync(
                    key, new PeerCommand.Send(_operations.Next(), false, MessageFlags.Chunk, expiresAt, payload), sender, either.Token)
                    .ConfigureAwait(false);
            }

            var end = new byte[TransferEnd.Size];
            new TransferEnd(transfer, length, hash.GetHashAndReset()).Write(end);
            var reply = await SendInTurnAsync(
                key, new PeerCommand.Send(operation, isRepeatable, MessageFlags.ChunkEnd, expiresAt, end), sender, either.Token)
                .ConfigureAwait(false);
            return new SentMessage(operation, reply.Number);
        }
        catch (OperationCanceledException) when (sending.IsRefused && !cancellationToken.IsCancellationRequested)
        {
            throw EngineErrors.TransferRefused(key);
        }
        catch when (index > 0)
        {
            await AbandonAsync(key, transfer, caller).ConfigureAwait(false);
            throw;
        }
    }

    private Task<StreamTerms> StreamTermsHereAsync(PeerKey peer, Guid operation, CancellationToken cancellationToken) => LookAsync(
        peer,
        resident => new StreamTerms(
            Math.Clamp(resident.Limits.PayloadBytesMax - TransferChunk.HeadSize, 0, ChunkBytesMax),
            resident.State.Outgoing.Knows(operation, out var number) ? number : null),
        cancellationToken);

    private static async ValueTask<Memory<byte>?> ReadChunkAsync(Stream source, int chunkBytes, CancellationToken cancellationToken)
    {
        var payload = new byte[TransferChunk.HeadSize + chunkBytes];
        var read = await source.ReadAtLeastAsync(
            payload.AsMemory(TransferChunk.HeadSize), chunkBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return read == 0 ? default(Memory<byte>?) : payload.AsMemory(0, TransferChunk.HeadSize + read);
    }

    /// <summary>Tells another node's caller that the peer has refused the transfer whose next part it sends.</summary>
    private void ThrowIfRefused(PeerKey peer, PeerCommand asked, in CallerContext caller)
    {
        if (asked is PeerCommand.Send { Flags: MessageFlags.Chunk or MessageFlags.ChunkEnd, Payload: { Length: >= TransferId.Size } part } send
            && !_environment.Transfers.TryPassOn(
                peer, TransferId.Read(part.Span), send.Flags == MessageFlags.ChunkEnd ? send.Operation : caller.Operation))
        {
            throw EngineErrors.TransferRefused(peer);
        }
    }

    /// <summary>Queues a message, waiting in line for room in the outbox.</summary>
    internal async Task<PeerReply> SendInTurnAsync(
        PeerKey peer, PeerCommand.Send message, CallerContext caller, CancellationToken cancellationToken)
    {
        var shard = _shards.NumberOf(peer);
        var mark = _outboxRoom.Mark(shard);
        var (waits, waited) = (_outboxRoom.IsWaitedFor(peer), false);
        while (true)
        {
            if (waits)
            {
                await _outboxRoom.WaitAsync(peer, shard, mark, waited, cancellationToken).ConfigureAwait(false);
                waited = true;
            }

            mark = _outboxRoom.Mark(shard);
            try
            {
                var reply = await TryAsync(peer, message, caller, cancellationToken).ConfigureAwait(false);
                if (reply.Error is null)
                {
                    if (waited && _router is not null)
                    {
                        _outboxRoom.PassOn(peer);       // another node does not tell that it made room: who found some tells it here
                    }

                    return reply;
                }

                waits = reply.Error == EngineErrorCode.OutboxFull ? true : throw EngineErrors.Refused(reply.Error.Value, peer);
            }
            catch when (waited)
            {
                _outboxRoom.PassOn(peer);
                throw;
            }
        }
    }

    private async Task<PeerReply> TryAsync(PeerKey peer, PeerCommand.Send message, CallerContext caller, CancellationToken cancellationToken)
    {
        if (_router is null)
        {
            return await TryHereAsync(peer, message, caller, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await AskAsync(peer, message, caller, cancellationToken).ConfigureAwait(false);
        }
        catch (EngineException full) when (full.Code == EngineErrorCode.OutboxFull)
        {
            return PeerReply.Refused(EngineErrorCode.OutboxFull);
        }
    }

    /// <summary>Tells the receiver to drop the parts it has. Where that cannot be said now, the next stream says it.</summary>
    private async Task AbandonAsync(PeerKey peer, TransferId transfer, CallerContext caller)
    {
        var mark = new byte[TransferId.Size];
        transfer.Write(mark);
        try
        {
            await AskAsync(
                peer, new PeerCommand.Send(_operations.Next(), false, MessageFlags.Chunk | MessageFlags.ChunkEnd, null, mark), caller,
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            EngineLog.StreamNotAbandoned(_logger, peer.Peer.Value, failure.Message);
        }
    }
}

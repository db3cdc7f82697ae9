using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine;

/// <summary>Messages whose handling failed too often: they wait for an operator, here or at the node that has the peer's shard.</summary>
public sealed partial class SessionEngine
{
    /// <summary>Lists messages of a peer that were set aside, without taking them out.</summary>
    /// <remarks>From another node they come in pages, and what is longer than a page in pieces: all of them are in memory here when the call ends.</remarks>
    public async Task<IReadOnlyList<ReceivedMessage>> ListSetAsideAsync(
        PeerId peer, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        var key = Key(peer, identity);
        if (_router is null)
        {
            return await ListSetAsideHereAsync(key, cancellationToken).ConfigureAwait(false);
        }

        var messages = new List<ReceivedMessage>();
        while (true)
        {
            try
            {
                var page = await PageAsync(
                    _shards.NumberOf(key), messages.Count, () => ListSetAsideHereAsync(key, cancellationToken), skip => new NodeRequest.ListSetAside(key, skip),
                    NodeAnswerCodec.ReadMessages, cancellationToken).ConfigureAwait(false);
                messages.AddRange(page.Items);
                if (!page.HasMore)
                {
                    return messages;
                }
            }
            catch (EngineException failure) when (failure.Code == EngineErrorCode.PayloadTooLarge)
            {
                if (!await ReadThroughLongAsync(key, messages, cancellationToken).ConfigureAwait(false))
                {
                    return messages;
                }
            }
        }
    }

    /// <summary>Reads one message after the other up to the one that no answer carries: pages go on behind that.</summary>
    /// <returns><see langword="false"/>: there are no more.</returns>
    private async Task<bool> ReadThroughLongAsync(PeerKey peer, List<ReceivedMessage> messages, CancellationToken cancellationToken)
    {
        while (await ReadInPiecesAsync(peer, messages.Count, cancellationToken).ConfigureAwait(false) is { } message)
        {
            messages.Add(message);
            if ((message.Stream?.Length ?? message.Payload.Length) > NodeAnswerCodec.PageBytesMax)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<ReceivedMessage?> ReadInPiecesAsync(PeerKey peer, int skip, CancellationToken cancellationToken)
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (var (offset, id) = (0, default(ReceivedMessageId)); ;)
        {
            var at = offset;
            var piece = await CallAsync(
                peer, async () => NodeAnswerCodec.PieceOf(
                    await ListSetAsideHereAsync(peer, cancellationToken).ConfigureAwait(false), skip, at, NodeAnswerCodec.PageBytesMax),
                new NodeRequest.ReadSetAside(peer, skip, at), NodeAnswerCodec.ReadPiece, cancellationToken: cancellationToken).ConfigureAwait(false);
            if (offset > 0 && piece?.Id != id)
            {
                (offset, id) = (0, default);        // somebody took one out meanwhile: another has its place, or none
                pieces.Clear();
                continue;
            }

            if (piece is null)
            {
                return null;
            }

            (offset, id) = (offset + piece.Bytes.Length, piece.Id);
            if (!piece.Bytes.IsEmpty)
            {
                pieces.Add(piece.Bytes);
            }

            if (offset >= piece.Length || piece.Bytes.IsEmpty)
            {
                return new ReceivedMessage(id, piece.IsStream ? default : Joined(pieces, offset), piece.Attempt)
                {
                    Stream = piece.IsStream ? new ReceivedStream(pieces) : null,
                };
            }
        }
    }

    private static ReadOnlyMemory<byte> Joined(List<ReadOnlyMemory<byte>> pieces, int length)
    {
        var (joined, filled) = (new byte[length], 0);
        foreach (var piece in pieces)
        {
            piece.CopyTo(joined.AsMemory(filled));
            filled += piece.Length;
        }

        return joined;
    }

    private Task<IReadOnlyList<ReceivedMessage>> ListSetAsideHereAsync(PeerKey peer, CancellationToken cancellationToken) =>
        LookAsync<IReadOnlyList<ReceivedMessage>>(
            peer,
            resident => [.. resident.State.Incoming.Unhandled.Where(message => message.SetAside).Select(message => TakenMessage.Of(
                peer, message, message.Failures,
                message.Flags == Wire.MessageFlags.ChunkEnd ? IncomingTransfers.ChunksOf(resident.State.Incoming, message) : null).Show())],
            cancellationToken);
}

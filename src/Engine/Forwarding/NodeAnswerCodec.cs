using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Forwarding;

/// <summary>Turns what a node answers into bytes and back. docs/formats/node-requests.md.</summary>
internal static class NodeAnswerCodec
{
    /// <summary>How many bytes of items a page has, unless one item alone is longer.</summary>
    internal const int PageBytesMax = 512 << 10;

    /// <summary>Reads an answer.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.InternalError"/>: the other node answered something else.</exception>
    internal static T Read<T>(ReadOnlyMemory<byte> bytes, Reading<T> read)
    {
        try
        {
            var reader = new StateReader(bytes);
            var answer = read(ref reader);
            reader.End();
            return answer;
        }
        catch (Exception malformed) when (malformed is StateFormatException or ArgumentException)
        {
            throw ForwardingErrors.AnswerUnreadable(malformed);
        }
    }

    internal delegate T Reading<out T>(ref StateReader reader);

    internal static byte[] Write<T>(T answer, Action<StateWriter, T> write)
    {
        var writer = new StateWriter();
        write(writer, answer);
        var bytes = writer.Written.ToArray();
        writer.Clear();
        return bytes;
    }

    internal static void WriteNumber(StateWriter writer, ulong number) => writer.UInt64(number);

    internal static ulong ReadNumber(ref StateReader reader) => reader.UInt64();

    /// <summary>Reads an answer that is all of its bytes.</summary>
    internal static byte[] ReadRest(ref StateReader reader) => reader.Rest().ToArray();

    internal static void WriteOpened(StateWriter writer, OpenedEnvelope opened)
    {
        EventCodec.WritePeer(writer, new PeerKey(opened.Identity, opened.Peer));
        writer.Bytes(opened.Payload.Span);
    }

    internal static OpenedEnvelope ReadOpened(ref StateReader reader)
    {
        var peer = EventCodec.ReadPeer(ref reader);
        return new OpenedEnvelope(peer.Identity, peer.Peer, reader.Bytes().ToArray());
    }

    internal static void WriteIdentity(StateWriter writer, IdentityInfo identity)
    {
        writer.Text(identity.Name.Value);
        writer.Bytes(identity.PublicDocument.Span);
        writer.Bytes(identity.PreviousFingerprint is { } previous ? previous.Bytes : []);
    }

    internal static IdentityInfo ReadIdentity(ref StateReader reader)
    {
        var (name, bytes, previous) = (new IdentityName(reader.Text()), reader.Bytes(), reader.Bytes());
        return PublicDocument.TryRead(bytes.Span, out var document, out var failure)
            ? new IdentityInfo(
                name, document.Fingerprint, document.Bytes, [.. document.Suites.InOrder()],
                previous.IsEmpty ? null : new Fingerprint(previous.Span))
            : throw new StateFormatException($"an identity's document: {failure}");
    }

    internal static void WriteTerms(StateWriter writer, StreamTerms terms)
    {
        writer.UInt32((uint)terms.ChunkBytes);
        writer.Flag(terms.Sent is not null);
        writer.UInt64(terms.Sent ?? 0);
    }

    internal static StreamTerms ReadTerms(ref StateReader reader)
    {
        var chunkBytes = reader.Count(int.MaxValue);
        var isSent = reader.Flag();
        var number = reader.UInt64();
        return isSent || number == 0
            ? new StreamTerms(chunkBytes, isSent ? number : null)
            : throw new StateFormatException("a stream that was not sent has a number");
    }

    internal static void WriteDocuments(StateWriter writer, IReadOnlyList<ReadOnlyMemory<byte>> documents)
    {
        writer.UInt16(documents.Count);
        foreach (var document in documents)
        {
            writer.Bytes(document.Span);
        }
    }

    internal static IReadOnlyList<ReadOnlyMemory<byte>> ReadDocuments(ref StateReader reader)
    {
        var documents = new ReadOnlyMemory<byte>[reader.UInt16()];
        for (var i = 0; i < documents.Length; i++)
        {
            documents[i] = reader.Bytes();
        }

        return documents;
    }

    internal static void WritePeers(StateWriter writer, (IReadOnlyList<PeerKey> Peers, int Skip) list) =>
        WritePage(writer, list.Peers, list.Skip, EventCodec.WritePeer, PageBytesMax);

    internal static NodePage<PeerKey> ReadPeers(ref StateReader reader) => ReadPage(ref reader, EventCodec.ReadPeer);

    internal static void WriteMessages(StateWriter writer, (IReadOnlyList<ReceivedMessage> Messages, int Skip) list) =>
        WritePage(writer, list.Messages, list.Skip, WriteMessage, PageBytesMax);

    internal static NodePage<ReceivedMessage> ReadMessages(ref StateReader reader) => ReadPage(ref reader, ReadMessage);

    internal static void WriteInfo(StateWriter writer, PeerInfo info)
    {
        EventCodec.WritePeer(writer, new PeerKey(info.Identity, info.Peer));
        writer.Byte((byte)info.Status);
        writer.UInt16(info.Pins.Count);
        foreach (var pin in info.Pins)
        {
            writer.Fixed(pin.Bytes);
        }

        EventCodec.WriteTexts(writer, info.Addresses);
        writer.Text(info.Template);
        writer.Text(info.Session);
        writer.UInt16((int)(info.Suite ?? 0));
        writer.UInt32(info.Epoch);
        writer.UInt32((uint)info.OutboxCount);
        writer.UInt64(info.NextNumber);
        writer.UInt32((uint)info.InboxCount);
        writer.UInt32((uint)info.SetAsideCount);
        writer.UInt64(info.AcceptedThrough);
        writer.Text(info.OutgoingStopped);
        writer.Text(info.IncomingStopped);
    }

    internal static PeerInfo ReadInfo(ref StateReader reader)
    {
        var peer = EventCodec.ReadPeer(ref reader);
        var status = StateReader.OneOf<PeerStatus>(reader.Byte());
        var pins = new Fingerprint[reader.UInt16()];
        for (var i = 0; i < pins.Length; i++)
        {
            pins[i] = EventCodec.ReadFingerprint(ref reader);
        }

        return new PeerInfo
        {
            Identity = peer.Identity,
            Peer = peer.Peer,
            Status = status,
            Pins = pins,
            Addresses = EventCodec.ReadTexts(ref reader),
            Template = reader.Text(),
            Session = reader.Text(),
            Suite = reader.UInt16() is var suite and not 0 ? StateReader.OneOf<Suite>(suite) : null,
            Epoch = reader.UInt32(),
            OutboxCount = reader.Count(int.MaxValue),
            NextNumber = reader.UInt64(),
            InboxCount = reader.Count(int.MaxValue),
            SetAsideCount = reader.Count(int.MaxValue),
            AcceptedThrough = reader.UInt64(),
            OutgoingStopped = reader.Text(),
            IncomingStopped = reader.Text(),
        };
    }

    /// <param name="writer">Where to.</param>
    /// <param name="items">The whole list.</param>
    /// <param name="skip">How many of it the asker has.</param>
    /// <param name="write">Writes one.</param>
    /// <param name="bytesMax">The page ends behind the item with which it has become as long.</param>
    internal static void WritePage<T>(StateWriter writer, IReadOnlyList<T> items, int skip, Action<StateWriter, T> write, int bytesMax)
    {
        var start = writer.BeginLength();
        var written = 0u;
        for (var place = Math.Min(skip, items.Count); place < items.Count && (written == 0 || writer.Length - start < bytesMax); place++, written++)
        {
            write(writer, items[place]);
        }

        writer.Flag(skip + written < items.Count);
        writer.SetUInt32(start - sizeof(uint), written);
    }

    private static NodePage<T> ReadPage<T>(ref StateReader reader, Reading<T> read)
    {
        var items = new List<T>();
        for (var left = reader.UInt32(); left > 0; left--)
        {
            items.Add(read(ref reader));
        }

        return new NodePage<T>(items, reader.Flag());
    }

    internal static void WriteMessage(StateWriter writer, ReceivedMessage message)
    {
        EventCodec.WritePeer(writer, new PeerKey(message.Id.Identity, message.Id.Peer));
        EventCodec.WriteGuid(writer, message.Id.Stream);
        writer.UInt64(message.Id.Number);
        writer.UInt32((uint)message.Attempt);
        writer.Flag(message.Stream is not null);
        var start = writer.BeginLength();
        foreach (var chunk in message.Stream?.Chunks ?? [message.Payload])
        {
            writer.Fixed(chunk.Span);
        }

        writer.EndLength(start);
    }

    /// <summary>Cuts a part out of a message that is one of a list.</summary>
    /// <param name="messages">The whole list.</param>
    /// <param name="skip">Its place.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="bytesMax">How long it may be.</param>
    /// <returns><see langword="null"/>: the list ends before it, or it before the part.</returns>
    internal static MessagePiece? PieceOf(IReadOnlyList<ReceivedMessage> messages, int skip, int offset, int bytesMax)
    {
        if (skip >= messages.Count)
        {
            return null;
        }

        var message = messages[skip];
        var length = message.Stream?.Length ?? message.Payload.Length;
        if (offset > length || length > int.MaxValue)
        {
            return null;
        }

        var bytes = new byte[Math.Min(bytesMax, (int)length - offset)];
        var (from, filled) = (offset, 0);
        foreach (var chunk in message.Stream?.Chunks ?? [message.Payload])
        {
            if (from < chunk.Length && filled < bytes.Length)
            {
                var part = chunk.Span[from..Math.Min(chunk.Length, from + bytes.Length - filled)];
                part.CopyTo(bytes.AsSpan(filled));
                filled += part.Length;
            }

            from = Math.Max(0, from - chunk.Length);
        }

        return new MessagePiece(message.Id, message.Attempt, message.Stream is not null, (int)length, bytes);
    }

    internal static void WritePiece(StateWriter writer, MessagePiece? piece)
    {
        writer.Flag(piece is not null);
        if (piece is not null)
        {
            EventCodec.WritePeer(writer, new PeerKey(piece.Id.Identity, piece.Id.Peer));
            EventCodec.WriteGuid(writer, piece.Id.Stream);
            writer.UInt64(piece.Id.Number);
            writer.UInt32((uint)piece.Attempt);
            writer.Flag(piece.IsStream);
            writer.UInt32((uint)piece.Length);
            writer.Bytes(piece.Bytes.Span);
        }
    }

    internal static MessagePiece? ReadPiece(ref StateReader reader)
    {
        if (!reader.Flag())
        {
            return null;
        }

        var peer = EventCodec.ReadPeer(ref reader);
        var id = new ReceivedMessageId(peer.Identity, peer.Peer, EventCodec.ReadGuid(ref reader), reader.UInt64());
        return new MessagePiece(id, reader.Count(int.MaxValue), reader.Flag(), reader.Count(int.MaxValue), reader.Bytes().ToArray());
    }

    private static ReceivedMessage ReadMessage(ref StateReader reader)
    {
        var peer = EventCodec.ReadPeer(ref reader);
        var id = new ReceivedMessageId(peer.Identity, peer.Peer, EventCodec.ReadGuid(ref reader), reader.UInt64());
        var (attempt, isStream, payload) = (reader.Count(int.MaxValue), reader.Flag(), reader.Bytes().ToArray());
        return new ReceivedMessage(id, isStream ? default : payload, attempt)
        {
            Stream = isStream ? new ReceivedStream(payload.Length == 0 ? [] : [payload]) : null,
        };
    }
}

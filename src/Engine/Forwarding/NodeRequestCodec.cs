using System.Diagnostics.CodeAnalysis;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Forwarding;

/// <summary>Turns requests between nodes into bytes and back. docs/formats/node-requests.md.</summary>
internal static class NodeRequestCodec
{
    internal const byte Version = 1;

    internal static byte[] Write(NodeRequest request, in CallerContext caller)
    {
        var writer = new StateWriter();
        writer.Byte(Version);
        writer.Text(caller.Actor ?? string.Empty);
        writer.Text(caller.Correlation ?? string.Empty);
        EventCodec.WriteGuid(writer, caller.Operation);
        Write(writer, request);
        var bytes = writer.Written.ToArray();
        writer.Clear();
        return bytes;
    }

    /// <summary>Reads a request.</summary>
    /// <returns><see langword="false"/>, and why, when these are not the bytes of one that this version knows.</returns>
    internal static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out NodeRequest? request, out CallerContext caller, [NotNullWhen(false)] out string? failure)
    {
        (request, caller, failure) = (null, default, null);
        try
        {
            var reader = new StateReader(bytes);
            if (reader.Byte() is var version and not Version)
            {
                failure = $"its version is {version}";
                return false;
            }

            var (actor, correlation) = (reader.Text(), reader.Text());
            caller = new CallerContext(actor.Length == 0 ? null : actor, correlation.Length == 0 ? null : correlation, EventCodec.ReadGuid(ref reader));
            caller.Check();
            request = Read(ref reader);
            reader.End();
            return true;
        }
        catch (Exception malformed) when (malformed is StateFormatException or ArgumentException)
        {
            (request, failure) = (null, malformed.Message);
            return false;
        }
    }

    private static void Write(StateWriter writer, NodeRequest request)
    {
        switch (request)
        {
            case NodeRequest.Command command:
                writer.Byte(1);
                EventCodec.WritePeer(writer, command.Peer);
                Write(writer, command.Asked);
                break;
            case NodeRequest.Seal seal:
                writer.Byte(2);
                EventCodec.WritePeer(writer, seal.Peer);
                writer.Bytes(seal.Payload.Span);
                break;
            case NodeRequest.Open open:
                writer.Byte(3);
                writer.Bytes(open.Envelope.Span);
                break;
            case NodeRequest.Accept accept:
                writer.Byte(4);
                writer.Text(accept.Source);
                EventCodec.WriteGuid(writer, accept.Exchange);
                writer.Bytes(accept.Envelope.Span);
                break;
            case NodeRequest.Show show:
                writer.Byte(5);
                EventCodec.WritePeer(writer, show.Peer);
                break;
            case NodeRequest.ListSetAside list:
                writer.Byte(6);
                EventCodec.WritePeer(writer, list.Peer);
                writer.UInt32((uint)list.Skip);
                break;
            case NodeRequest.ListDocuments list:
                writer.Byte(7);
                EventCodec.WritePeer(writer, list.Peer);
                break;
            case NodeRequest.ListPeers list:
                writer.Byte(8);
                writer.UInt32((uint)list.Skip);
                break;
            case NodeRequest.BeginStream begin:
                writer.Byte(9);
                EventCodec.WritePeer(writer, begin.Peer);
                EventCodec.WriteGuid(writer, begin.Operation);
                break;
            case NodeRequest.CreateIdentity create:
                writer.Byte(10);
                writer.Text(create.Name.Value);
                writer.UInt16(create.Suites.Count);
                foreach (var suite in create.Suites)
                {
                    writer.UInt16((int)suite);
                }

                break;
            case NodeRequest.RotateIdentity rotate:
                writer.Byte(11);
                writer.Text(rotate.Name.Value);
                break;
            case NodeRequest.FinishRotation finish:
                writer.Byte(12);
                writer.Text(finish.Name.Value);
                break;
            case NodeRequest.AddPeer { Peer: var peer }:
                writer.Byte(13);
                EventCodec.WritePeer(writer, new PeerKey(peer.Identity, peer.Peer));
                writer.Bytes(peer.PublicDocument.Span);
                EventCodec.WriteTexts(writer, peer.Addresses);
                writer.Text(peer.Template ?? string.Empty);
                break;
            case NodeRequest.AddPin add:
                writer.Byte(14);
                EventCodec.WritePeer(writer, add.Peer);
                writer.Bytes(add.Document.Span);
                break;
            case NodeRequest.RemovePeer remove:
                writer.Byte(15);
                EventCodec.WritePeer(writer, remove.Peer);
                break;
            case NodeRequest.Collect collect:
                writer.Byte(16);
                EventCodec.WriteGuid(writer, collect.Exchange);
                writer.UInt32((uint)collect.BytesMax);
                writer.UInt32((uint)collect.WaitMillis);
                break;
            case NodeRequest.ReadSetAside read:
                writer.Byte(17);
                EventCodec.WritePeer(writer, read.Peer);
                writer.UInt32((uint)read.Skip);
                writer.UInt32((uint)read.Offset);
                break;
            default:
                throw new ArgumentException($"{request.GetType().Name} does not go to other nodes", nameof(request));
        }
    }

    private static NodeRequest Read(ref StateReader reader) => reader.Byte() switch
    {
        1 => new NodeRequest.Command(EventCodec.ReadPeer(ref reader), ReadCommand(ref reader)),
        2 => new NodeRequest.Seal(EventCodec.ReadPeer(ref reader), reader.Bytes()),
        3 => new NodeRequest.Open(reader.Bytes()),
        4 => ReadAccept(ref reader),
        5 => new NodeRequest.Show(EventCodec.ReadPeer(ref reader)),
        6 => new NodeRequest.ListSetAside(EventCodec.ReadPeer(ref reader), reader.Count(int.MaxValue)),
        7 => new NodeRequest.ListDocuments(EventCodec.ReadPeer(ref reader)),
        8 => new NodeRequest.ListPeers(reader.Count(int.MaxValue)),
        9 => new NodeRequest.BeginStream(EventCodec.ReadPeer(ref reader), EventCodec.ReadGuid(ref reader)),
        10 => new NodeRequest.CreateIdentity(new IdentityName(reader.Text()), ReadSuites(ref reader)),
        11 => new NodeRequest.RotateIdentity(new IdentityName(reader.Text())),
        12 => new NodeRequest.FinishRotation(new IdentityName(reader.Text())),
        13 => ReadNewPeer(ref reader),
        14 => new NodeRequest.AddPin(EventCodec.ReadPeer(ref reader), reader.Bytes()),
        15 => new NodeRequest.RemovePeer(EventCodec.ReadPeer(ref reader)),
        16 => new NodeRequest.Collect(EventCodec.ReadGuid(ref reader), reader.Count(int.MaxValue), reader.Count(int.MaxValue)),
        17 => new NodeRequest.ReadSetAside(EventCodec.ReadPeer(ref reader), reader.Count(int.MaxValue), reader.Count(int.MaxValue)),
        var kind => throw new StateFormatException($"{kind} is no kind of request"),
    };

    private static void Write(StateWriter writer, PeerCommand command)
    {
        switch (command)
        {
            case PeerCommand.Connect connect:
                writer.Byte(1);
                writer.Flag(connect.Fresh);
                break;
            case PeerCommand.Rekey:
                writer.Byte(2);
                break;
            case PeerCommand.Close:
                writer.Byte(3);
                break;
            case PeerCommand.Send send:
                writer.Byte(4);
                EventCodec.WriteGuid(writer, send.Operation);
                writer.Flag(send.IsRepeatable);
                writer.Byte((byte)send.Flags);
                writer.Int64(send.ExpiresAt?.Value ?? 0);
                writer.Bytes(send.Payload.Span);
                break;
            case PeerCommand.Handled handled:
                Write(writer, 5, handled.Stream, handled.Number);
                break;
            case PeerCommand.Failed failed:
                Write(writer, 6, failed.Stream, failed.Number);
                break;
            case PeerCommand.RetrySetAside retry:
                Write(writer, 7, retry.Stream, retry.Number);
                break;
            case PeerCommand.DropSetAside drop:
                Write(writer, 8, drop.Stream, drop.Number);
                break;
            case PeerCommand.SetAddresses set:
                writer.Byte(9);
                EventCodec.WriteTexts(writer, set.Addresses);
                break;
            case PeerCommand.ChangePolicy change:
                writer.Byte(10);
                EventCodec.WritePolicy(writer, change.Policy);
                break;
            case PeerCommand.Suspend:
                writer.Byte(11);
                break;
            case PeerCommand.Resume:
                writer.Byte(12);
                break;
            case PeerCommand.Release:
                writer.Byte(13);
                break;
            case PeerCommand.ResetStream reset:
                writer.Byte(14);
                writer.Flag(reset.Outgoing);
                writer.Flag(reset.Incoming);
                break;
            case PeerCommand.Add add:
                writer.Byte(15);
                EventCodec.WritePin(writer, add.Pin);
                EventCodec.WritePolicy(writer, add.Policy);
                EventCodec.WriteTexts(writer, add.Addresses);
                writer.UInt32(add.Generation);
                break;
            case PeerCommand.AddPin add:
                writer.Byte(16);
                EventCodec.WritePin(writer, add.Pin);
                break;
            case PeerCommand.Forget:
                writer.Byte(17);
                break;
            default:
                throw new ArgumentException($"{command.GetType().Name} does not go to other nodes", nameof(command));
        }
    }

    private static PeerCommand ReadCommand(ref StateReader reader) => reader.Byte() switch
    {
        1 => new PeerCommand.Connect(reader.Flag()),
        2 => new PeerCommand.Rekey(),
        3 => new PeerCommand.Close(),
        4 => ReadSend(ref reader),
        5 => new PeerCommand.Handled(StreamId.Read(reader.Fixed(StreamId.Size).Span), reader.UInt64()),
        6 => new PeerCommand.Failed(StreamId.Read(reader.Fixed(StreamId.Size).Span), reader.UInt64()),
        7 => new PeerCommand.RetrySetAside(StreamId.Read(reader.Fixed(StreamId.Size).Span), reader.UInt64()),
        8 => new PeerCommand.DropSetAside(StreamId.Read(reader.Fixed(StreamId.Size).Span), reader.UInt64()),
        9 => new PeerCommand.SetAddresses(EventCodec.ReadTexts(ref reader)),
        10 => new PeerCommand.ChangePolicy(EventCodec.ReadPolicy(ref reader)),
        11 => new PeerCommand.Suspend(),
        12 => new PeerCommand.Resume(),
        13 => new PeerCommand.Release(),
        14 => new PeerCommand.ResetStream(reader.Flag(), reader.Flag()),
        15 => new PeerCommand.Add(
            EventCodec.ReadPin(ref reader), EventCodec.ReadPolicy(ref reader), EventCodec.ReadTexts(ref reader), reader.UInt32()),
        16 => new PeerCommand.AddPin(EventCodec.ReadPin(ref reader)),
        17 => new PeerCommand.Forget(),
        var kind => throw new StateFormatException($"{kind} is no kind of command"),
    };

    private static PeerCommand.Send ReadSend(ref StateReader reader)
    {
        var (operation, isRepeatable) = (EventCodec.ReadGuid(ref reader), reader.Flag());
        var flags = (MessageFlags)reader.Byte();
        if (flags is not (MessageFlags.None or MessageFlags.Chunk or MessageFlags.ChunkEnd or (MessageFlags.Chunk | MessageFlags.ChunkEnd)))
        {
            throw new StateFormatException($"{(byte)flags} is no kind of message to send");
        }

        // Copied: the payload outlives the frame it came in.
        return new PeerCommand.Send(operation, isRepeatable, flags, EventCodec.ReadExpiry(ref reader), reader.Bytes().ToArray());
    }

    private static NodeRequest.Accept ReadAccept(ref StateReader reader)
    {
        var (source, exchange) = (reader.Text(), EventCodec.ReadGuid(ref reader));
        return new NodeRequest.Accept(reader.Bytes(), source, exchange);
    }

    private static NodeRequest.AddPeer ReadNewPeer(ref StateReader reader)
    {
        var key = EventCodec.ReadPeer(ref reader);
        var (document, addresses, template) = (reader.Bytes(), EventCodec.ReadTexts(ref reader), reader.Text());
        return new NodeRequest.AddPeer(new NewPeer
        {
            Identity = key.Identity, Peer = key.Peer, PublicDocument = document, Addresses = addresses, Template = template.Length == 0 ? null : template,
        });
    }

    private static Suite[] ReadSuites(ref StateReader reader)
    {
        var suites = new Suite[reader.UInt16()];
        for (var i = 0; i < suites.Length; i++)
        {
            suites[i] = StateReader.OneOf<Suite>(reader.UInt16());
        }

        return suites;
    }

    private static void Write(StateWriter writer, byte kind, StreamId stream, ulong number)
    {
        writer.Byte(kind);
        stream.Write(writer.Take(StreamId.Size));
        writer.UInt64(number);
    }
}

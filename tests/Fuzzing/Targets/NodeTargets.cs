using Kyberium.Engine;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What another node of the cluster asks and answers. Laws: what is refused is refused as stated, with a reason; what is accepted has one encoding.</summary>
internal static class NodeTargets
{
    private static readonly PeerKey Peer = new(IdentityName.Default, new PeerId("bob"));
    private static readonly Guid Operation = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);
    private static readonly PublicDocument Document = MakeDocument();

    private static readonly Func<ReadOnlyMemory<byte>, byte[]>[] Answers =
    [
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadNumber, NodeAnswerCodec.WriteNumber),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadOpened, NodeAnswerCodec.WriteOpened),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadIdentity, NodeAnswerCodec.WriteIdentity),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadTerms, NodeAnswerCodec.WriteTerms),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadDocuments, NodeAnswerCodec.WriteDocuments),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadInfo, NodeAnswerCodec.WriteInfo),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadPeers, Page<PeerKey>(EventCodec.WritePeer)),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadMessages, Page<ReceivedMessage>(NodeAnswerCodec.WriteMessage)),
        bytes => Rewritten(bytes, NodeAnswerCodec.ReadPiece, NodeAnswerCodec.WritePiece),
    ];

    internal static FuzzTarget Request { get; } = new("node-request", Requests, bytes =>
    {
        if (NodeRequestCodec.TryRead(bytes, out var request, out var caller, out var failure))
        {
            return Laws.OneEncoding(bytes, NodeRequestCodec.Write(request, caller));
        }

        return failure.Length > 0 ? false : throw new BrokenLawException("a request is refused without a reason");
    });

    /// <summary>The first byte says which answer: a number, an opened envelope, an identity, terms of a stream, documents, a peer's state, a page of peers, one of messages, a piece of a message.</summary>
    internal static FuzzTarget Answer { get; } = new("node-answer", AnswerSeeds, bytes =>
    {
        if (bytes.Length == 0 || bytes[0] >= Answers.Length)
        {
            return false;
        }

        try
        {
            return Laws.OneEncoding(bytes.AsSpan(1), Answers[bytes[0]](bytes.AsMemory(1)));
        }
        catch (EngineException refused) when (refused.Code == EngineErrorCode.InternalError)
        {
            return false;
        }
    });

    private static byte[] Rewritten<T>(ReadOnlyMemory<byte> bytes, NodeAnswerCodec.Reading<T> read, Action<StateWriter, T> write) =>
        NodeAnswerCodec.Write(NodeAnswerCodec.Read(bytes, read), write);

    private static Action<StateWriter, NodePage<T>> Page<T>(Action<StateWriter, T> write) => (writer, page) =>
    {
        writer.UInt32((uint)page.Items.Count);
        foreach (var item in page.Items)
        {
            write(writer, item);
        }

        writer.Flag(page.HasMore);
    };

    private static IEnumerable<byte[]> Requests()
    {
        var (stream, pin, policy) = (new StreamId(1, 2), new Pin(Document.Fingerprint, Document.Bytes, Proved: true), new FrozenPolicy("default", 1, "policy"u8.ToArray()));
        PeerCommand[] commands =
        [
            new PeerCommand.Connect(Fresh: true), new PeerCommand.Rekey(), new PeerCommand.Close(),
            new PeerCommand.Send(Operation, IsRepeatable: true, MessageFlags.None, new UnixMillis(9), "hello"u8.ToArray()),
            new PeerCommand.Handled(stream, 3), new PeerCommand.Failed(stream, 3), new PeerCommand.RetrySetAside(stream, 3), new PeerCommand.DropSetAside(stream, 3),
            new PeerCommand.SetAddresses(["https://b:1", ""]), new PeerCommand.ChangePolicy(policy), new PeerCommand.Suspend(), new PeerCommand.Resume(),
            new PeerCommand.Release(), new PeerCommand.ResetStream(Outgoing: true, Incoming: false), new PeerCommand.Add(pin, policy, ["https://b:1"], 4),
            new PeerCommand.AddPin(pin), new PeerCommand.Forget(),
        ];
        NodeRequest[] requests =
        [
            .. commands.Select(static command => new NodeRequest.Command(Peer, command)), new NodeRequest.Seal(Peer, "hello"u8.ToArray()),
            new NodeRequest.Open("envelope"u8.ToArray()), new NodeRequest.Accept("envelope"u8.ToArray(), "10.0.0.1", Guid.Parse("00010203-0405-0607-0809-0a0b0c0d0e0f")),
            new NodeRequest.Collect(Guid.Parse("00010203-0405-0607-0809-0a0b0c0d0e0f"), 1 << 20, 1_000), new NodeRequest.Show(Peer),
            new NodeRequest.ListSetAside(Peer, 5), new NodeRequest.ReadSetAside(Peer, 5, 1 << 19), new NodeRequest.ListDocuments(Peer), new NodeRequest.ListPeers(5), new NodeRequest.BeginStream(Peer, Operation),
            new NodeRequest.CreateIdentity(Peer.Identity, [Suite.MLKem768P256, Suite.MLKem512]), new NodeRequest.RotateIdentity(Peer.Identity),
            new NodeRequest.FinishRotation(Peer.Identity), new NodeRequest.AddPeer(new NewPeer { Peer = Peer.Peer, PublicDocument = Document.Bytes, Template = "strict" }),
            new NodeRequest.AddPin(Peer, Document.Bytes), new NodeRequest.RemovePeer(Peer),
        ];
        return requests.Select(static request => NodeRequestCodec.Write(request, new CallerContext("olga", "c-1", Operation)));
    }

    private static IEnumerable<byte[]> AnswerSeeds()
    {
        var id = new ReceivedMessageId(Peer.Identity, Peer.Peer, Operation, 7);
        byte[][] seeds =
        [
            NodeAnswerCodec.Write(7ul, NodeAnswerCodec.WriteNumber),
            NodeAnswerCodec.Write(new OpenedEnvelope(Peer.Identity, Peer.Peer, "hello"u8.ToArray()), NodeAnswerCodec.WriteOpened),
            NodeAnswerCodec.Write(
                new IdentityInfo(Peer.Identity, Document.Fingerprint, Document.Bytes, [.. Document.Suites.InOrder()], Document.Fingerprint), NodeAnswerCodec.WriteIdentity),
            NodeAnswerCodec.Write(new StreamTerms(1 << 20, 7), NodeAnswerCodec.WriteTerms),
            NodeAnswerCodec.Write<IReadOnlyList<ReadOnlyMemory<byte>>>([Document.Bytes, "x"u8.ToArray()], NodeAnswerCodec.WriteDocuments),
            NodeAnswerCodec.Write(Info(), NodeAnswerCodec.WriteInfo),
            NodeAnswerCodec.Write(new NodePage<PeerKey>([Peer, Peer], HasMore: true), Page<PeerKey>(EventCodec.WritePeer)),
            NodeAnswerCodec.Write(
                new NodePage<ReceivedMessage>(
                    [
                        new ReceivedMessage(id, "hello"u8.ToArray(), 2),
                        new ReceivedMessage(id, default, 1) { Stream = new ReceivedStream(["streamed"u8.ToArray()]) },
                    ],
                    HasMore: false),
                Page<ReceivedMessage>(NodeAnswerCodec.WriteMessage)),
            NodeAnswerCodec.Write(new MessagePiece(id, 2, IsStream: true, 1 << 20, "piece"u8.ToArray()), NodeAnswerCodec.WritePiece),
        ];
        return seeds.SelectMany(static (seed, place) => Laws.Tagged(place, [seed]));
    }

    private static PeerInfo Info() => new()
    {
        Identity = Peer.Identity, Peer = Peer.Peer, Status = PeerStatus.Held, Pins = [Document.Fingerprint], Addresses = ["https://b:1"], Template = "strict@1",
        Session = "s", Suite = Suite.MLKem768, Epoch = 2, OutboxCount = 3, NextNumber = 4, InboxCount = 5, SetAsideCount = 1, AcceptedThrough = 6,
        OutgoingStopped = "", IncomingStopped = "HistoryDiffers",
    };

    private static PublicDocument MakeDocument()
    {
        using var key = Engine.Cryptography.Kem.MlKem512.ImportSeed(new byte[64]);
        return PublicDocument.Create("bob", [(Suite.MLKem512, key.EncapsulationKey)]);
    }
}

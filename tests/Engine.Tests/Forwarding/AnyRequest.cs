using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>Random requests and answers, of every kind.</summary>
internal static class AnyRequest
{
    internal const int KindCount = 17;
    internal const int CommandCount = 17;

    private const string NameCharacters = "AZaz09._:-";

    private static readonly PublicDocument[] Documents = [Document([Suite.MLKem512]), Document([Suite.MLKem768, Suite.MLKem1024])];

    private static readonly Gen<bool> Flag = Gen.Elements(true, false);

    private static readonly Gen<byte[]> Bytes = Gen.Choose(0, 255).Select(static value => (byte)value).ListOf().Select(static list => list.ToArray());

    private static readonly Gen<ReadOnlyMemory<byte>> Memory = Bytes.Select(static bytes => new ReadOnlyMemory<byte>(bytes));

    private static readonly Gen<string> Text = Gen.Elements("", "a", "https://b:1", "ä€𝄞", "\0", new string('x', 300));

    private static readonly Gen<IReadOnlyList<string>> Texts = Text.ListOf().Select(static list => (IReadOnlyList<string>)list.Take(4).ToArray());

    private static readonly Gen<Guid> Id = Gen.Choose(0, 255).ListOf(16).Select(static list => new Guid([.. list.Select(static value => (byte)value)]));

    private static readonly Gen<ulong> Number =
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        from edge in Gen.Elements<ulong?>(null, null, null, 0, 1, ulong.MaxValue)
        select edge ?? ((ulong)(uint)high << 32) | (uint)low;

    private static readonly Gen<int> Count = Gen.OneOf(Gen.Choose(0, 9), Gen.Choose(0, int.MaxValue), Gen.Constant(int.MaxValue));

    private static readonly Gen<string> Name =
        from length in Gen.Frequency((8, Gen.Choose(1, 12)), (1, Gen.Constant(128)))
        from characters in Gen.Elements(NameCharacters.ToCharArray()).ListOf(length)
        select string.Concat(characters);

    private static readonly Gen<Fingerprint> Print = Gen.Choose(0, 255).Select(static value => Fingerprint.Of([(byte)value]));

    private static readonly Gen<StreamId> Stream = Number.Two().Select(static pair => new StreamId(pair.Item1, pair.Item2));

    private static readonly Gen<Suite> AnySuite = Gen.Elements(Enum.GetValues<Suite>());

    private static readonly Gen<Pin> AnyPin =
        from fingerprint in Print from document in Memory from proved in Flag select new Pin(fingerprint, document, proved);

    private static readonly Gen<FrozenPolicy> Policy =
        from id in Text from version in Count from encoded in Memory select new FrozenPolicy(id, version, encoded);

    internal static Gen<PeerKey> Peer { get; } =
        from identity in Name from peer in Name select new PeerKey(new IdentityName(identity), new PeerId(peer));

    internal static Gen<CallerContext> Caller { get; } =
        from actor in Gen.Elements(null, "olga", "ä€𝄞", new string('x', 128))
        from correlation in Gen.Elements(null, "c-1", new string('ü', 128))
        from operation in Gen.OneOf(Id, Gen.Constant(Guid.Empty))
        select new CallerContext(actor, correlation, operation);

    /// <summary>Gets requests of every kind, each with its number in the format.</summary>
    internal static Gen<(int Kind, NodeRequest Request)> Request { get; } = Gen.OneOf(Kinds().Select(static (kind, place) => kind.Select(request => (place + 1, request))));

    internal static Gen<(int Kind, PeerCommand Command)> Command { get; } =
        Gen.OneOf(Commands().Select(static (kind, place) => kind.Select(command => (place + 1, command))));

    internal static Gen<OpenedEnvelope> Opened { get; } = from peer in Peer from payload in Memory select new OpenedEnvelope(peer.Identity, peer.Peer, payload);

    internal static Gen<ulong> AnyNumber => Number;

    internal static Gen<StreamTerms> Terms { get; } = from chunk in Count from sent in Flag from number in Number select new StreamTerms(chunk, sent ? number : null);

    internal static Gen<IdentityInfo> Identity { get; } =
        from name in Name
        from document in Gen.Elements(Documents)
        from hasPrevious in Flag
        from previous in Print
        select new IdentityInfo(
            new IdentityName(name), document.Fingerprint, document.Bytes, [.. document.Suites.InOrder()], hasPrevious ? previous : null);

    internal static Gen<IReadOnlyList<ReadOnlyMemory<byte>>> DocumentList { get; } =
        Memory.ListOf().Select(static list => (IReadOnlyList<ReadOnlyMemory<byte>>)list.ToArray());

    internal static Gen<IReadOnlyList<PeerKey>> Peers { get; } = Peer.ListOf().Select(static list => (IReadOnlyList<PeerKey>)list.ToArray());

    internal static Gen<ReceivedMessage> Message { get; } =
        from peer in Peer
        from stream in Id
        from number in Number
        from attempt in Count
        from isStream in Flag
        from payload in Memory
        select new ReceivedMessage(new ReceivedMessageId(peer.Identity, peer.Peer, stream, number), isStream ? default : payload, attempt)
        {
            Stream = isStream ? new ReceivedStream(payload.IsEmpty ? [] : [payload]) : null,
        };

    internal static Gen<MessagePiece?> Piece { get; } =
        from message in Message
        from isThere in Flag
        from length in Count
        from bytes in Memory
        select isThere ? new MessagePiece(message.Id, message.Attempt, message.Stream is not null, length, bytes) : null;

    internal static Gen<IReadOnlyList<ReceivedMessage>> Messages { get; } =
        Message.ListOf().Select(static list => (IReadOnlyList<ReceivedMessage>)list.ToArray());

    internal static Gen<PeerInfo> Info { get; } =
        from peer in Peer
        from status in Gen.Elements(Enum.GetValues<PeerStatus>())
        from pins in Print.ListOf()
        from addresses in Texts
        from texts in Text.ListOf(4)
        from suite in Gen.OneOf(AnySuite.Select(static suite => (Suite?)suite), Gen.Constant((Suite?)null))
        from counts in Count.ListOf(4)
        from numbers in Number.ListOf(2)
        select new PeerInfo
        {
            Identity = peer.Identity, Peer = peer.Peer, Status = status, Pins = [.. pins], Addresses = addresses, Template = texts[0], Session = texts[1], Suite = suite,
            Epoch = (uint)counts[0], OutboxCount = counts[1], NextNumber = numbers[0], InboxCount = counts[2], SetAsideCount = counts[3],
            AcceptedThrough = numbers[1], OutgoingStopped = texts[2], IncomingStopped = texts[3],
        };

    private static Gen<NodeRequest>[] Kinds() =>
    [
        from peer in Peer from command in Command select (NodeRequest)new NodeRequest.Command(peer, command.Command),
        from peer in Peer from payload in Memory select (NodeRequest)new NodeRequest.Seal(peer, payload),
        from envelope in Memory select (NodeRequest)new NodeRequest.Open(envelope),
        from envelope in Memory from source in Text from exchange in Gen.OneOf(Id, Gen.Constant(Guid.Empty)) select (NodeRequest)new NodeRequest.Accept(envelope, source, exchange),
        from peer in Peer select (NodeRequest)new NodeRequest.Show(peer),
        from peer in Peer from skip in Count select (NodeRequest)new NodeRequest.ListSetAside(peer, skip),
        from peer in Peer select (NodeRequest)new NodeRequest.ListDocuments(peer),
        from skip in Count select (NodeRequest)new NodeRequest.ListPeers(skip),
        from peer in Peer from operation in Id select (NodeRequest)new NodeRequest.BeginStream(peer, operation),
        from name in Name from suites in AnySuite.ListOf() select (NodeRequest)new NodeRequest.CreateIdentity(new IdentityName(name), [.. suites]),
        from name in Name select (NodeRequest)new NodeRequest.RotateIdentity(new IdentityName(name)),
        from name in Name select (NodeRequest)new NodeRequest.FinishRotation(new IdentityName(name)),
        from peer in Peer
        from document in Memory
        from addresses in Texts
        from template in Gen.Elements(null, "strict")
        select (NodeRequest)new NodeRequest.AddPeer(
            new NewPeer { Identity = peer.Identity, Peer = peer.Peer, PublicDocument = document, Addresses = addresses, Template = template }),
        from peer in Peer from document in Memory select (NodeRequest)new NodeRequest.AddPin(peer, document),
        from peer in Peer select (NodeRequest)new NodeRequest.RemovePeer(peer),
        from exchange in Id from bytes in Count from wait in Count select (NodeRequest)new NodeRequest.Collect(exchange, bytes, wait),
        from peer in Peer from skip in Count from offset in Count select (NodeRequest)new NodeRequest.ReadSetAside(peer, skip, offset),
    ];

    private static Gen<PeerCommand>[] Commands() =>
    [
        from fresh in Flag select (PeerCommand)new PeerCommand.Connect(fresh),
        Gen.Constant((PeerCommand)new PeerCommand.Rekey()),
        Gen.Constant((PeerCommand)new PeerCommand.Close()),
        from operation in Id
        from isRepeatable in Flag
        from flags in Gen.Elements(MessageFlags.None, MessageFlags.Chunk, MessageFlags.ChunkEnd, MessageFlags.Chunk | MessageFlags.ChunkEnd)
        from expires in Gen.Elements<UnixMillis?>(null, new UnixMillis(1), PeerCommand.Send.Never, new UnixMillis(long.MinValue))
        from payload in Memory
        select (PeerCommand)new PeerCommand.Send(operation, isRepeatable, flags, expires, payload),
        from stream in Stream from number in Number select (PeerCommand)new PeerCommand.Handled(stream, number),
        from stream in Stream from number in Number select (PeerCommand)new PeerCommand.Failed(stream, number),
        from stream in Stream from number in Number select (PeerCommand)new PeerCommand.RetrySetAside(stream, number),
        from stream in Stream from number in Number select (PeerCommand)new PeerCommand.DropSetAside(stream, number),
        from addresses in Texts select (PeerCommand)new PeerCommand.SetAddresses(addresses),
        from policy in Policy select (PeerCommand)new PeerCommand.ChangePolicy(policy),
        Gen.Constant((PeerCommand)new PeerCommand.Suspend()),
        Gen.Constant((PeerCommand)new PeerCommand.Resume()),
        Gen.Constant((PeerCommand)new PeerCommand.Release()),
        from outgoing in Flag from incoming in Flag select (PeerCommand)new PeerCommand.ResetStream(outgoing, incoming),
        from pin in AnyPin
        from policy in Policy
        from addresses in Texts
        from generation in Count
        select (PeerCommand)new PeerCommand.Add(pin, policy, addresses, (uint)generation),
        from pin in AnyPin select (PeerCommand)new PeerCommand.AddPin(pin),
        Gen.Constant((PeerCommand)new PeerCommand.Forget()),
    ];

    private static PublicDocument Document(Suite[] suites) => PublicDocument.Create("alice", [.. suites.Select(static suite =>
    {
        using var key = SuiteKems.Of(suite).ImportSeed([.. Enumerable.Range(0, SuiteKems.Of(suite).SeedSize).Select(static value => (byte)value)]);
        return (suite, key.EncapsulationKey);
    })]);
}

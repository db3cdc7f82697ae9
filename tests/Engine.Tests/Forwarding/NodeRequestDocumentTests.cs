using System.Text.RegularExpressions;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>docs/formats/node-requests.md: every example is what is written, and is read as what was written.</summary>
public sealed partial class NodeRequestDocumentTests
{
    private static readonly PeerKey Alice = new(IdentityName.Default, new PeerId("alice"));
    private static readonly StreamId Stream = StreamId.Read(Convert.FromHexString("202122232425262728292a2b2c2d2e2f"));
    private static readonly CallerContext Olga = new("olga", "c-1", Operation("000102030405060708090a0b0c0d0e0f"));

    private static readonly Dictionary<string, (NodeRequest Request, CallerContext Caller)> Requests = new()
    {
        ["show"] = (new NodeRequest.Show(Alice), default),
        ["connect"] = (new NodeRequest.Command(Alice, new PeerCommand.Connect(Fresh: true)), Olga),
        ["send"] = (new NodeRequest.Command(Alice, new PeerCommand.Send(
            Operation("101112131415161718191a1b1c1d1e1f"), IsRepeatable: true, MessageFlags.None,
            new UnixMillis(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()), "hello"u8.ToArray())), default),
        ["handled"] = (new NodeRequest.Command(Alice, new PeerCommand.Handled(Stream, 9)), default),
        ["seal"] = (new NodeRequest.Seal(Alice, "abc"u8.ToArray()), default),
        ["open"] = (new NodeRequest.Open("abc"u8.ToArray()), default),
        ["accept"] = (new NodeRequest.Accept("abc"u8.ToArray(), "10.0.0.1", Operation("303132333435363738393a3b3c3d3e3f")), default),
        ["collect"] = (new NodeRequest.Collect(Operation("303132333435363738393a3b3c3d3e3f"), 2 << 20, 20_000), default),
        ["read-set-aside"] = (new NodeRequest.ReadSetAside(Alice, 2, NodeAnswerCodec.PageBytesMax), default),
        ["list-peers"] = (new NodeRequest.ListPeers(2), default),
        ["create-identity"] = (new NodeRequest.CreateIdentity(new IdentityName("a"), [Suite.MLKem768P256, Suite.MLKem768]), default),
    };

    private static readonly Dictionary<string, byte[]> Answers = new()
    {
        ["number"] = NodeAnswerCodec.Write(9ul, NodeAnswerCodec.WriteNumber),
        ["opened"] = NodeAnswerCodec.Write(new OpenedEnvelope(Alice.Identity, Alice.Peer, "abc"u8.ToArray()), NodeAnswerCodec.WriteOpened),
        ["terms"] = NodeAnswerCodec.Write(new StreamTerms(1 << 20, null), NodeAnswerCodec.WriteTerms),
        ["terms-sent"] = NodeAnswerCodec.Write(new StreamTerms(1 << 20, 9), NodeAnswerCodec.WriteTerms),
        ["peers"] = NodeAnswerCodec.Write<(IReadOnlyList<PeerKey>, int)>(
            ([Alice, new PeerKey(IdentityName.Default, new PeerId("bob"))], 0), NodeAnswerCodec.WritePeers),
        ["piece"] = NodeAnswerCodec.Write(
            new MessagePiece(
                new ReceivedMessageId(Alice.Identity, Alice.Peer, Operation("202122232425262728292a2b2c2d2e2f"), 9), 4, IsStream: true, 524_291, "abc"u8.ToArray()),
            NodeAnswerCodec.WritePiece),
        ["no-piece"] = NodeAnswerCodec.Write<MessagePiece?>(null, NodeAnswerCodec.WritePiece),
        ["messages"] = Page([Message(), Message()]),
    };

    private static readonly Dictionary<string, string> Examples = HexBlock().Matches(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/formats/node-requests.md")))
        .ToDictionary(match => match.Groups[1].Value, match => Whitespace().Replace(match.Groups[2].Value, ""));

    public static TheoryData<string> RequestNames => [.. Requests.Keys];

    public static TheoryData<string> AnswerNames => [.. Answers.Keys];

    [Fact]
    public void Every_example_is_known_here() => Assert.Equal(Requests.Keys.Concat(Answers.Keys).Order(), Examples.Keys.Order());

    [Theory, MemberData(nameof(RequestNames))]
    public void A_request_is_what_is_written_and_is_read_as_what_was_written(string name)
    {
        var (request, caller) = Requests[name];

        Assert.Equal(Examples[name], Convert.ToHexStringLower(NodeRequestCodec.Write(request, caller)));
        Assert.True(NodeRequestCodec.TryRead(Convert.FromHexString(Examples[name]), out var read, out var readCaller, out var failure), failure);
        Assert.Equal(Shown.Of(request), Shown.Of(read));
        Assert.Equal(caller, readCaller);
    }

    [Theory, MemberData(nameof(AnswerNames))]
    public void An_answer_is_what_is_written(string name) => Assert.Equal(Examples[name], Convert.ToHexStringLower(Answers[name]));

    [Theory]
    [InlineData("")]
    [InlineData("00 0000 0000 00000000000000000000000000000000 08 00000002")]       // another version
    [InlineData("02 0000 0000 00000000000000000000000000000000 08 00000002")]
    [InlineData("01 0000 0001 ff 00000000000000000000000000000000 08 00000002")]    // not UTF-8
    [InlineData("01 0000 0000 00000000000000000000000000000000 00")]                // no kind
    [InlineData("01 0000 0000 00000000000000000000000000000000 10")]
    [InlineData("01 0000 0000 00000000000000000000000000000000 08 80000000")]       // too many to skip
    [InlineData("01 0000 0000 00000000000000000000000000000000 08 00000002 00")]    // left over
    [InlineData("01 0000 0000 00000000000000000000000000000000 05 0000 0001 61")]   // no name
    [InlineData("01 0000 0000 00000000000000000000000000000000 05 0001 61 0001 20")]
    [InlineData("01 0000 0000 00000000000000000000000000000000 0a 0001 61 0001 0000")]                      // no suite
    [InlineData("01 0000 0000 00000000000000000000000000000000 01 0001 61 0001 61 00")]                     // no command
    [InlineData("01 0000 0000 00000000000000000000000000000000 01 0001 61 0001 61 12")]
    [InlineData("01 0000 0000 00000000000000000000000000000000 01 0001 61 0001 61 01 02")]                  // no flag
    [InlineData("01 0000 0000 00000000000000000000000000000000 01 0001 61 0001 61 04 00000000000000000000000000000000 01 01 0000000000000000 00000000")]
    public void What_no_writer_makes_is_refused_and_says_why(string hex)
    {
        Assert.False(NodeRequestCodec.TryRead(Convert.FromHexString(Whitespace().Replace(hex, "")), out var request, out _, out var failure));
        Assert.Null(request);
        Assert.NotEmpty(failure);
    }

    [Fact]
    public void Who_asks_has_at_most_128_characters()
    {
        Assert.True(NodeRequestCodec.TryRead(NodeRequestCodec.Write(new NodeRequest.ListPeers(0), new CallerContext(new string('ü', 128))), out _, out var caller, out _));
        Assert.Equal(new string('ü', 128), caller.Actor);
        Assert.False(NodeRequestCodec.TryRead(NodeRequestCodec.Write(new NodeRequest.ListPeers(0), new CallerContext(new string('a', 129))), out _, out _, out var failure));
        Assert.Contains("128", failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00100000 00 0000000000000009")]        // a number of what was not sent
    [InlineData("80000000 00 0000000000000000")]
    [InlineData("00100000 02 0000000000000000")]
    [InlineData("00100000 00 0000000000000000 00")]
    public void Terms_that_no_writer_makes_are_refused(string hex)
    {
        var failure = Assert.Throws<EngineException>(() => NodeAnswerCodec.Read(Convert.FromHexString(Whitespace().Replace(hex, "")), NodeAnswerCodec.ReadTerms));
        Assert.Equal(EngineErrorCode.InternalError, failure.Code);
    }

    private static Guid Operation(string hex) => new(Convert.FromHexString(hex), bigEndian: true);

    private static ReceivedMessage Message() => new(
        new ReceivedMessageId(Alice.Identity, Alice.Peer, new Guid(Convert.FromHexString("202122232425262728292a2b2c2d2e2f"), bigEndian: true), 9),
        "abc"u8.ToArray(), 4);

    private static byte[] Page(ReceivedMessage[] messages)
    {
        var writer = new StateWriter();
        NodeAnswerCodec.WritePage(writer, messages, 0, NodeAnswerCodec.WriteMessage, bytesMax: 1);
        return writer.Written.ToArray();
    }

    [GeneratedRegex(@"^```bytes ([a-z-]+)\n((?:[0-9a-f ]+\n)+)```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}

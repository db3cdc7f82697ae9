using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Tests.Forwarding;

/// <summary>Goal: what a node asks and answers arrives as it was meant, and nothing else is taken for it. Method: FsCheck draws requests and answers of every
/// kind, and what arrives is compared by its contents, not by its bytes alone.</summary>
public sealed class NodeCodecTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(400);

    private static readonly Arbitrary<(int Kind, NodeRequest Request, CallerContext Caller)> Any =
        (from request in AnyRequest.Request from caller in AnyRequest.Caller select (request.Kind, request.Request, caller)).ToArbitrary();

    [Fact]
    public void Every_request_arrives_as_it_was_asked()
    {
        var (kinds, commands) = (new HashSet<int>(), new HashSet<int>());
        Check.One(Config, Prop.ForAll(Any, asked =>
        {
            var bytes = NodeRequestCodec.Write(asked.Request, asked.Caller);
            Assert.Equal(asked.Kind, bytes[KindPlace(asked.Caller)]);
            Assert.True(NodeRequestCodec.TryRead(bytes, out var read, out var caller, out var failure), failure);
            Assert.Equal(Shown.Of(asked.Request), Shown.Of(read));
            Assert.Equal(asked.Caller, caller);
            Assert.Equal(asked.Request.IsRepeatable, read.IsRepeatable);
            kinds.Add(asked.Kind);
        }));
        Check.One(Config, Prop.ForAll(AnyRequest.Command.ToArbitrary(), asked =>
        {
            var peer = new PeerKey(new IdentityName("a"), new PeerId("b"));
            var bytes = NodeRequestCodec.Write(new NodeRequest.Command(peer, asked.Command), default);
            Assert.Equal(asked.Kind, bytes[KindPlace(default) + 7]);
            Assert.True(NodeRequestCodec.TryRead(bytes, out var read, out _, out var failure), failure);
            Assert.Equal(Shown.Of(new NodeRequest.Command(peer, asked.Command)), Shown.Of(read));
            commands.Add(asked.Kind);
        }));
        Assert.Equal((AnyRequest.KindCount, AnyRequest.CommandCount), (kinds.Count, commands.Count));
    }

    [Fact]
    public void Every_kind_of_request_and_command_that_goes_to_other_nodes_is_drawn_here()
    {
        Assert.Equal(AnyRequest.KindCount, typeof(NodeRequest).GetNestedTypes(System.Reflection.BindingFlags.NonPublic).Length);
        foreach (var command in new PeerCommand[] { new PeerCommand.Tick(), new PeerCommand.Knock(), new PeerCommand.NotePerformed(Guid.NewGuid()) })
        {
            var peer = new PeerKey(new IdentityName("a"), new PeerId("b"));
            Assert.Throws<ArgumentException>(() => NodeRequestCodec.Write(new NodeRequest.Command(peer, command), default));
        }
    }

    [Fact]
    public void A_request_that_is_cut_or_longer_is_refused_and_says_why() => Check.One(Config.WithMaxTest(100), Prop.ForAll(Any, asked =>
    {
        var bytes = NodeRequestCodec.Write(asked.Request, asked.Caller);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(IsRead(bytes[..length]));
        }

        Assert.False(IsRead([.. bytes, 0]));
    }));

    [Fact]
    public void A_request_with_any_byte_changed_is_refused_and_says_why_or_is_the_one_writing_of_another()
    {
        var (refused, read) = (0, 0);
        Check.One(Config, Prop.ForAll(Any, Gen.Choose(0, int.MaxValue).Two().ToArbitrary(), (asked, change) =>
        {
            var bytes = NodeRequestCodec.Write(asked.Request, asked.Caller);
            bytes[change.Item1 % bytes.Length] ^= (byte)(1 + (change.Item2 % 255));
            _ = IsRead(bytes) ? read++ : refused++;
        }));
        Assert.True(refused > 20 && read > 20, $"{refused} refused, {read} read");
    }

    [Fact]
    public void A_kind_that_there_is_not_is_refused_and_says_which() => Check.One(Config, Prop.ForAll(Any, asked =>
    {
        var bytes = NodeRequestCodec.Write(asked.Request, asked.Caller);
        foreach (var kind in new byte[] { 0, AnyRequest.KindCount + 1, 255 })
        {
            bytes[KindPlace(asked.Caller)] = kind;
            Assert.False(NodeRequestCodec.TryRead(bytes, out _, out _, out var failure));
            Assert.Equal($"{kind} is no kind of request", failure);
        }
    }));

    [Fact]
    public void Every_answer_arrives_as_it_was_given_and_nothing_else_is_taken_for_it()
    {
        Answers(AnyRequest.AnyNumber, NodeAnswerCodec.WriteNumber, NodeAnswerCodec.ReadNumber);
        Answers(AnyRequest.Opened, NodeAnswerCodec.WriteOpened, NodeAnswerCodec.ReadOpened);
        Answers(AnyRequest.Identity, NodeAnswerCodec.WriteIdentity, NodeAnswerCodec.ReadIdentity);
        Answers(AnyRequest.Terms, NodeAnswerCodec.WriteTerms, NodeAnswerCodec.ReadTerms);
        Answers(AnyRequest.DocumentList, NodeAnswerCodec.WriteDocuments, NodeAnswerCodec.ReadDocuments);
        Answers(AnyRequest.Piece, NodeAnswerCodec.WritePiece, NodeAnswerCodec.ReadPiece);
        Answers(AnyRequest.Info, NodeAnswerCodec.WriteInfo, NodeAnswerCodec.ReadInfo);
        Answers(Pages(AnyRequest.Peers), Page<PeerKey>(EventCodec.WritePeer), NodeAnswerCodec.ReadPeers);
        Answers(Pages(AnyRequest.Messages), Page<ReceivedMessage>(NodeAnswerCodec.WriteMessage), NodeAnswerCodec.ReadMessages);
    }

    [Fact]
    public void An_answer_without_a_form_of_its_own_is_all_of_its_bytes() =>
        Assert.Equal([1, 2, 3], NodeAnswerCodec.Read(new byte[] { 1, 2, 3 }, NodeAnswerCodec.ReadRest));

    [Fact]
    public void A_stream_in_pieces_arrives_whole()
    {
        var message = new ReceivedMessage(new ReceivedMessageId(IdentityName.Default, new PeerId("bob"), Guid.NewGuid(), 3), default, 2)
        {
            Stream = new ReceivedStream(["one "u8.ToArray(), "two "u8.ToArray(), "three"u8.ToArray()]),
        };
        var read = NodeAnswerCodec.Read(NodeAnswerCodec.Write<(IReadOnlyList<ReceivedMessage>, int)>(([message], 0), NodeAnswerCodec.WriteMessages), NodeAnswerCodec.ReadMessages);

        using var text = new StreamReader(Assert.Single(read.Items).Stream!.OpenRead());
        Assert.Equal("one two three", text.ReadToEnd());
        Assert.Equal((message.Id, 2, true), (read.Items[0].Id, read.Items[0].Attempt, read.Items[0].Payload.IsEmpty));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_in_pieces_of_any_size_arrives_whole(bool isStream) => Check.One(Config, Prop.ForAll(
        Gen.Choose(1, 9).ListOf().Select(static lengths => lengths.Take(12).ToArray()).ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (lengths, size) =>
        {
            var chunks = lengths.Select(static (length, place) => (ReadOnlyMemory<byte>)Enumerable.Repeat((byte)place, length).ToArray()).ToList();
            var whole = chunks.SelectMany(static chunk => chunk.ToArray()).ToArray();
            var id = new ReceivedMessageId(IdentityName.Default, new PeerId("bob"), Guid.Empty, 3);
            IReadOnlyList<ReceivedMessage> messages =
                [new ReceivedMessage(id, isStream ? default : whole, 2) { Stream = isStream ? new ReceivedStream(chunks) : null }];
            var gathered = new List<byte>();
            while (gathered.Count == 0 || gathered.Count < whole.Length)
            {
                var piece = NodeAnswerCodec.PieceOf(messages, 0, gathered.Count, size)!;
                Assert.Equal((id, 2, isStream, whole.Length), (piece.Id, piece.Attempt, piece.IsStream, piece.Length));
                Assert.Equal(Math.Min(size, whole.Length - gathered.Count), piece.Bytes.Length);
                gathered.AddRange(piece.Bytes.ToArray());
                if (whole.Length == 0)
                {
                    break;
                }
            }

            Assert.Equal(whole, gathered);
            Assert.True(NodeAnswerCodec.PieceOf(messages, 0, whole.Length, size)!.Bytes.IsEmpty);
            Assert.Null(NodeAnswerCodec.PieceOf(messages, 0, whole.Length + 1, size));
            Assert.Null(NodeAnswerCodec.PieceOf(messages, 1, 0, size));
        }));

    [Fact]
    public void A_list_in_pages_of_any_size_arrives_whole_and_in_order()
    {
        var pages = Gen.Choose(1, 400).ToArbitrary();
        Check.One(Config, Prop.ForAll(AnyRequest.Peers.ToArbitrary(), pages, (peers, size) =>
            Assert.Equal(Shown.Of(peers), Shown.Of(Gathered(peers, EventCodec.WritePeer, NodeAnswerCodec.ReadPeers, size)))));
        Check.One(Config, Prop.ForAll(AnyRequest.Messages.ToArbitrary(), pages, (messages, size) =>
            Assert.Equal(Shown.Of(messages), Shown.Of(Gathered(messages, NodeAnswerCodec.WriteMessage, NodeAnswerCodec.ReadMessages, size)))));
    }

    [Fact]
    public void An_item_longer_than_a_page_has_a_page_to_itself_or_ends_one()
    {
        IReadOnlyList<ReceivedMessage> messages = [.. new[] { 10, NodeAnswerCodec.PageBytesMax + 1, 10, NodeAnswerCodec.PageBytesMax / 2, NodeAnswerCodec.PageBytesMax / 2, 10 }
            .Select(static (length, number) => new ReceivedMessage(
                new ReceivedMessageId(IdentityName.Default, new PeerId("bob"), Guid.Empty, (ulong)number), new byte[length], 1))];
        var sizes = new List<int>();
        var skip = 0;
        for (var hasMore = true; hasMore;)
        {
            var page = NodeAnswerCodec.Read(NodeAnswerCodec.Write((messages, skip), NodeAnswerCodec.WriteMessages), NodeAnswerCodec.ReadMessages);
            Assert.Equal(messages.Skip(skip).Take(page.Items.Count).Select(static message => message.Id), page.Items.Select(static message => message.Id));
            sizes.Add(page.Items.Count);
            (skip, hasMore) = (skip + page.Items.Count, page.HasMore);
        }

        Assert.Equal([2, 3, 1], sizes);
    }

    [Fact]
    public void Who_skips_more_than_there_is_gets_an_end()
    {
        var page = NodeAnswerCodec.Read(NodeAnswerCodec.Write<(IReadOnlyList<PeerKey>, int)>(([], int.MaxValue), NodeAnswerCodec.WritePeers), NodeAnswerCodec.ReadPeers);

        Assert.Equal((0, false), (page.Items.Count, page.HasMore));
    }

    /// <summary>Gets where the kind stands: behind version, two texts and an id.</summary>
    private static int KindPlace(CallerContext caller) => 1 + 2 + Length(caller.Actor) + 2 + Length(caller.Correlation) + 16;

    private static int Length(string? text) => System.Text.Encoding.UTF8.GetByteCount(text ?? "");

    private static bool IsRead(byte[] bytes)
    {
        if (NodeRequestCodec.TryRead(bytes, out var request, out var caller, out var failure))
        {
            Assert.Null(failure);
            Assert.Equal(bytes, NodeRequestCodec.Write(request, caller));
            return true;
        }

        Assert.Null(request);
        Assert.NotEmpty(failure);
        return false;
    }

    private static void Answers<T>(Gen<T> answers, Action<StateWriter, T> write, NodeAnswerCodec.Reading<T> read) =>
        Check.One(Config.WithMaxTest(100), Prop.ForAll(answers.ToArbitrary(), Gen.Choose(0, int.MaxValue).Two().ToArbitrary(), (answer, change) =>
        {
            var bytes = NodeAnswerCodec.Write(answer, write);
            Assert.Equal(Shown.Of(answer), Shown.Of(NodeAnswerCodec.Read(bytes, read)));
            Assert.Equal(bytes, NodeAnswerCodec.Write(NodeAnswerCodec.Read(bytes, read), write));
            foreach (var length in Enumerable.Range(0, Math.Min(bytes.Length, 100)).Append(bytes.Length - 1))
            {
                Refused(bytes[..length]);
            }

            Refused([.. bytes, 0]);
            bytes[change.Item1 % bytes.Length] ^= (byte)(1 + (change.Item2 % 255));
            if (Try(bytes) is { } other)
            {
                Assert.Equal(bytes, NodeAnswerCodec.Write((T)other, write));
            }

            void Refused(byte[] bytes) => Assert.Equal(
                EngineErrorCode.InternalError, Assert.Throws<EngineException>(() => NodeAnswerCodec.Read(bytes, read)).Code);

            object? Try(byte[] bytes)
            {
                try
                {
                    return NodeAnswerCodec.Read(bytes, read);
                }
                catch (EngineException refused) when (refused.Code == EngineErrorCode.InternalError)
                {
                    return null;
                }
            }
        }));

    private static Gen<NodePage<T>> Pages<T>(Gen<IReadOnlyList<T>> lists) =>
        from list in lists from hasMore in Gen.Elements(true, false) select new NodePage<T>(list, hasMore);

    private static Action<StateWriter, NodePage<T>> Page<T>(Action<StateWriter, T> write) => (writer, page) =>
    {
        writer.UInt32((uint)page.Items.Count);
        foreach (var item in page.Items)
        {
            write(writer, item);
        }

        writer.Flag(page.HasMore);
    };

    /// <summary>Gathers a list as the asking node does.</summary>
    private static List<T> Gathered<T>(IReadOnlyList<T> all, Action<StateWriter, T> write, NodeAnswerCodec.Reading<NodePage<T>> read, int bytesMax)
    {
        var items = new List<T>();
        while (true)
        {
            var page = NodeAnswerCodec.Read(
                NodeAnswerCodec.Write(items.Count, (writer, skip) => NodeAnswerCodec.WritePage(writer, all, skip, write, bytesMax)), read);
            var lengths = page.Items.Select(item => NodeAnswerCodec.Write(item, write).Length).ToList();
            Assert.True(lengths.SkipLast(1).Sum() < bytesMax, "the page went on though it was full");
            Assert.True(!page.HasMore || lengths.Sum() >= bytesMax, "the page ended though it was not full");
            items.AddRange(page.Items);
            if (!page.HasMore)
            {
                return items;
            }
        }
    }
}

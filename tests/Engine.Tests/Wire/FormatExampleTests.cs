using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Wire;

/// <summary>The hex blocks of docs/formats against the encoders. Goal: the documents and the code cannot drift apart.</summary>
public sealed partial class FormatExampleTests
{
    private const int ExampleCount = 19;

    // The wire's documents; the store's have tests of their own.
    private static readonly string[] Documents =
        ["envelope.md", "handshake.md", "public-document.md", "key-schedule.md", "control-messages.md", "streams.md"];

    private static readonly Fingerprint Document = Fingerprint.Of("document"u8);
    private static readonly ReceiverIndex Receiver = ReceiverIndex.Of(3, 0x123456789abc);
    private static readonly Incarnation Sender = Incarnation.Read(Run(0xa0, 16));
    private static readonly TransferId Transfer = TransferId.Read(Run(0x40, 16));
    private static readonly Dictionary<string, byte[]> Examples = Read();

    private static readonly DeliveryGreeting Greeting = new(
        StreamId.Read(Run(0x10, 16)), 5, 9, StreamId.Read(Run(0x20, 16)), 3, ChainValue.Read(Run(0x30, 16)));

    private static readonly EnvelopeHeader Message1 = HandshakeHeaders.Message1(Suite.MLKem768P256, Epoch.Zero, Document, 100);

    public static TheoryData<string> Names => [.. Encoded().Keys];

    [Fact]
    public void Every_example_is_checked()
    {
        Assert.Equal(ExampleCount, Examples.Count);
        Assert.Equal(Encoded().Keys.Order(), Examples.Keys.Order());
    }

    [Theory, MemberData(nameof(Names))]
    public void Example_is_what_the_code_writes(string name) =>
        Assert.Equal(Convert.ToHexStringLower(Examples[name]), Convert.ToHexStringLower(Encoded()[name]));

    private static Dictionary<string, byte[]> Encoded()
    {
        var data = new EnvelopeHeader(EnvelopeType.Data, Suite.MLKem768P256, Receiver, new Epoch(7), Sender, 41, 21);
        var offer = new Handshake1Payload(Document, Receiver, VersionRange.Spoken, SuiteSet.Of(Suite.MLKem1024, Suite.MLKem768P256));
        var message2 = HandshakeHeaders.Message2(Suite.MLKem768P256, Epoch.Zero, Receiver, Document, 2_492);
        var answer = new Handshake2Payload(Receiver, VersionRange.Spoken, SuiteSet.Of(Suite.MLKem768P256), message2, Greeting);
        byte[] message1 = [.. Written(EnvelopeHeader.Size, Message1.Write), .. Run(2, 100)];
        using var key = Kem.MlKem512.ImportSeed(Run(0, 64));
        var document = PublicDocument.Create("alice", [(Suite.MLKem512, key.EncapsulationKey)]);
        return new()
        {
            ["envelope-data-header"] = Written(EnvelopeHeader.Size, data.Write),
            ["handshake-msg1-header"] = Written(EnvelopeHeader.Size, Message1.Write),
            ["handshake1-payload"] = Written(offer.Size, offer.Write),
            ["handshake2-payload"] = Written(answer.Size, answer.Write),
            ["greeting"] = Written(DeliveryGreeting.Size, Greeting.Write),
            ["confirm"] = Written(ConfirmPayload.Size, new ConfirmPayload(Greeting).Write),
            ["message"] = DurableMessage(),
            ["acknowledgement"] = Written(
                Acknowledgement.Size, new Acknowledgement(Greeting.MyStream, 7, ChainValue.Read(Run(0x30, 16))).Write),
            ["close"] = Written(CloseNotice.Size, new CloseNotice(CloseReason.Replaced).Write),
            ["window-notice"] = Written(WindowNotice.Size, new WindowNotice(new Epoch(7), Sender, 65_535).Write),
            ["framed-data"] = Written(12, destination => FramedData.Write("hello"u8, 4, destination)),
            ["cookie-challenge"] = Written(CookieChallenge.Size, destination =>
                new CookieChallenge(SHA256.HashData(message1), Run(0x60, 32)).Write(destination)),
            ["cookie-answer-header"] = Written(EnvelopeHeader.Size, HandshakeHeaders.Answer(Message1).Write),
            ["public-document-head"] = document.Bytes[..16].ToArray(),
            ["public-document-fingerprint"] = document.Fingerprint.Bytes.ToArray(),
            ["traffic-key"] = TrafficKey(),
            ["transfer-chunk"] = [.. Written(TransferChunk.HeadSize, new TransferChunk(Transfer, 0).Write), .. "order 66"u8],
            ["transfer-end"] = Written(TransferEnd.Size, destination =>
                new TransferEnd(Transfer, 8, SHA512.HashData("order 66"u8)).Write(destination)),
            ["transfer-abort"] = Written(TransferId.Size, Transfer.Write),
        };
    }

    private static byte[] TrafficKey()
    {
        var traffic = Cryptography.VectorJson.Load("key-schedule/v1.json").GetProperty("traffic");
        var derived = new byte[36];
        Hkdf.ExpandLabel(
            Convert.FromHexString(traffic.GetProperty("directionSecret").GetString()!), "traffic"u8,
            Convert.FromHexString(traffic.GetProperty("incarnation").GetString()!), derived);
        return derived;
    }

    private static byte[] DurableMessage()
    {
        var message = new DeliveryMessage(Greeting.MyStream, 7, 5, ChainValue.Read(Run(0x30, 16)), MessageFlags.None, "order 66"u8);
        var bytes = new byte[message.Size];
        message.Write(bytes);
        return bytes;
    }

    private delegate void Writer(Span<byte> destination);

    private static byte[] Written(int size, Writer write)
    {
        var bytes = new byte[size];
        write(bytes);
        return bytes;
    }

    private static byte[] Run(int first, int count) => [.. Enumerable.Range(first, count).Select(value => (byte)value)];

    private static Dictionary<string, byte[]> Read() => Documents.Select(name => Path.Combine(FormatsFolder(), name))
        .SelectMany(file => HexBlock().Matches(File.ReadAllText(file)))
        .ToDictionary(match => match.Groups[1].Value, match => Convert.FromHexString(match.Groups[2].Value.ReplaceLineEndings("")));

    private static string FormatsFolder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/formats"));

    [GeneratedRegex(@"^```hex ([a-z0-9-]+)\n((?:[0-9a-f]+\n)+)```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();
}

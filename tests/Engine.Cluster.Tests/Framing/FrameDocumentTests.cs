using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Framing;

/// <summary>docs/formats/cluster-link.md: every example is what the writer writes, and reads back.</summary>
public sealed partial class FrameDocumentTests
{
    private static readonly Guid First = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);
    private static readonly Guid Second = new(Convert.FromHexString("101112131415161718191a1b1c1d1e1f"), bigEndian: true);

    private static readonly Dictionary<string, Action<FrameWriter>> Written = new()
    {
        ["hello"] = writer => writer.Hello(),
        ["welcome"] = writer => writer.Welcome(new LinkGrant(4_096, 8 << 20, 8, 2 << 20)),
        ["requests"] = writer =>
        {
            writer.Request(0, First, new ShardId("default", 7), 1_500, "hello"u8);
            writer.Request(0x10001, Second, new ShardId("default", 65_535), 1, new byte[20_000]);
            writer.Cancel(2);
        },
        ["answers"] = writer =>
        {
            writer.Done(0, "ok"u8);
            writer.Failed(1, EngineErrorCode.OutboxFull, "full");
            writer.WrongOwner(2, new OwnerHint(new NodeId("node-2"), "https://b:1", new Fence(9), 300));
            writer.GivenUp(3);
            writer.GoingAway();
        },
        ["piece"] = writer => writer.Piece(0x10001, "abc"u8),
        ["silence"] = writer =>
        {
            writer.Ask();
            writer.Here();
        },
    };

    private static readonly Dictionary<string, string> Examples = HexBlock().Matches(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/formats/cluster-link.md")))
        .ToDictionary(match => match.Groups[1].Value, match => Whitespace().Replace(match.Groups[2].Value, ""));

    public static TheoryData<string> Names => [.. Written.Keys];

    [Fact]
    public void Every_example_is_known_here() => Assert.Equal(Written.Keys.Order(), Examples.Keys.Order());

    [Theory, MemberData(nameof(Names))]
    public void An_example_is_what_is_written(string name)
    {
        using var writer = new FrameWriter();
        Written[name](writer);

        Assert.Equal(Examples[name], Convert.ToHexStringLower(writer.Finish().Span));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_example_reads_as_what_was_written(string name)
    {
        var bytes = Convert.FromHexString(Examples[name]);
        Assert.Equal(Reading.Whole, FrameReader.TryFrame(bytes, out var size));
        Assert.Equal(bytes.Length, size);

        using var writer = new FrameWriter();
        Assert.Equal(Reading.Nothing, FrameCopy.Copy(bytes.AsSpan(5), writer));
        Assert.Equal(Examples[name], Convert.ToHexStringLower(writer.Finish().Span));
    }

    [Theory]
    [InlineData("0000000101")]                                  // no item
    [InlineData("00010001 01")]                                 // longer than a frame may be
    [InlineData("ffffffff 01")]
    [InlineData("00000002 02 07")]                              // another version
    [InlineData("00000002 00 07")]
    public void A_frame_that_no_writer_makes_is_malformed(string hex) =>
        Assert.Equal(Reading.Malformed, FrameReader.TryFrame(Convert.FromHexString(Whitespace().Replace(hex, "")), out _));

    [Theory]
    [InlineData("00")]                                                                      // no item has this kind
    [InlineData("0a")]
    [InlineData("01 4b59434d 01")]                                                          // magic
    [InlineData("01 4b59434c 00")]
    [InlineData("02 01 00000000 00800000 00000008 00200000")]                               // grants out of range
    [InlineData("02 01 00010001 00800000 00000008 00200000")]
    [InlineData("02 01 00001000 00003fff 00000008 00200000")]
    [InlineData("02 01 00001000 80000000 00000008 00200000")]
    [InlineData("02 01 00001000 00800000 00000401 00200000")]
    [InlineData("02 01 00001000 00800000 00000008 01000001")]
    [InlineData("03 00000000 00000000000000000000000000000000 01 61 0007 00000001 00000000")]    // operation
    [InlineData("03 00000000 000102030405060708090a0b0c0d0e0f 00 0007 00000001 00000000")]       // group
    [InlineData("03 00000000 000102030405060708090a0b0c0d0e0f 01 80 0007 00000001 00000000")]
    [InlineData("03 00000000 000102030405060708090a0b0c0d0e0f 01 61 0007 00000000 00000000")]    // no time left
    [InlineData("03 00000000 000102030405060708090a0b0c0d0e0f 01 61 0007 00000001 01000001")]    // payload too long
    [InlineData("03 00000000 000102030405060708090a0b0c0d0e0f 01 61 0007 00000001 00000002 00")] // cut
    [InlineData("04 00000000 00")]                                                          // status
    [InlineData("04 00000000 05")]
    [InlineData("04 00000000 02 0000 0000")]                                                // code
    [InlineData("04 00000000 02 0001 0401")]
    [InlineData("04 00000000 02 0001 0001 ff")]                                             // not UTF-8
    [InlineData("04 00000000 03 8000000000000000 0000000000000000 00 00")]
    [InlineData("04 00000000 03 0000000000000000 8000000000000000 00 00")]
    [InlineData("04 00000000 03 0000000000000000 0000000000000000 01 20 00")]               // not a node's name
    [InlineData("04 00000000 03 0000000000000000 0000000000000000 00 01 80")]
    [InlineData("05 00000000 0000")]
    [InlineData("05 00000000 4001 00")]
    [InlineData("06 000000")]
    public void An_item_that_no_writer_makes_is_malformed(string hex)
    {
        var reader = new FrameReader(Convert.FromHexString(Whitespace().Replace(hex, "")));

        Assert.Equal(Reading.Malformed, reader.TryNext(out _));
    }

    [Fact]
    public void A_message_is_cut_between_characters()
    {
        using var writer = new FrameWriter();
        writer.Failed(1, EngineErrorCode.Overloaded, new string('ü', 1_000));
        var reader = new FrameReader(writer.Finish().Span[5..]);

        Assert.Equal(Reading.Whole, reader.TryNext(out var item));
        Assert.Equal(new string('ü', 512), Encoding.UTF8.GetString(item.Text));
    }

    [GeneratedRegex(@"^```bytes ([a-z-]+)\n((?:[0-9a-f ]+\n)+)```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}

using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>The body decoder against docs/formats/link-http.md and against arbitrary bytes in arbitrary pieces.</summary>
public sealed partial class LinkFormatTests
{
    [Fact]
    public async Task Example_of_the_document_is_what_a_request_sends()
    {
        var document = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs/formats/link-http.md"));
        var examples = HexBlock().Matches(document);
        var example = Convert.FromHexString(Assert.Single(examples).Groups[2].Value.ReplaceLineEndings(""));
        using var content = new EnvelopesContent([example.AsMemory(4)], 0, 1);
        Assert.Equal(Convert.ToHexStringLower(example), Convert.ToHexStringLower(await content.ReadAsByteArrayAsync()));
        Assert.Equal(example.Length, content.Headers.ContentLength);
    }

    /// <summary>Goal: one reading of every body, however it arrives. Method: bodies of valid envelopes, some damaged, cut into pieces at
    /// random places; compared with a decoder that sees the body whole.</summary>
    [Fact]
    public void Any_body_in_any_pieces_is_read_as_the_document_says() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(400), Prop.ForAll(Bodies().ToArbitrary(), IsReadAsDocumented));

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000002b")]
    [InlineData("0000002c00")]
    [InlineData("0011002d")]
    [InlineData("ffffffff")]
    [InlineData("80000000")]
    public async Task Cut_and_impossible_lengths_are_malformed(string hex) =>
        Assert.Equal(400, (await ReadAsync([Convert.FromHexString(hex)])).Status);

    private static bool IsReadAsDocumented((byte[] Bytes, int[] Cuts) body)
    {
        var expected = Reference(body.Bytes);
        var actual = ReadAsync(Pieces(body.Bytes, body.Cuts)).GetAwaiter().GetResult();
        return expected.Status == actual.Status
            && expected.Envelopes.Select(Convert.ToHexString).SequenceEqual(actual.Envelopes.Select(Convert.ToHexString));
    }

    private static (int Status, List<byte[]> Envelopes) Reference(ReadOnlySpan<byte> body)
    {
        var envelopes = new List<byte[]>();
        if (body.IsEmpty)
        {
            return (400, envelopes);
        }

        while (!body.IsEmpty)
        {
            if (body.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(body) is < 44 or > 1_114_156)
            {
                return (400, envelopes);
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            if (body.Length - 4 < length)
            {
                return (400, envelopes);
            }

            envelopes.Add(body.Slice(4, length).ToArray());
            body = body[(4 + length)..];
        }

        return (200, envelopes);
    }

    private static async Task<(int Status, List<byte[]> Envelopes)> ReadAsync(IEnumerable<byte[]> pieces)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 16));
        var receiver = new RecordingReceiver();
        var reception = new EnvelopeReception(receiver, new KyberiumLinkLimits());
        var status = reception.ReceiveAsync(
            pipe.Reader, (envelope, cancel) => receiver.AcceptEnvelopeAsync(envelope, "test", cancel), new ArrayBufferWriter<byte>(), CancellationToken.None);
        foreach (var piece in pieces)
        {
            await pipe.Writer.WriteAsync(piece);
        }

        await pipe.Writer.CompleteAsync();
        var result = await status;
        var envelopes = new List<byte[]>();
        while (receiver.Waiting > 0)
        {
            envelopes.Add((await receiver.NextAsync()).Envelope);
        }

        return (result, envelopes);
    }

    private static IEnumerable<byte[]> Pieces(byte[] body, int[] cuts)
    {
        var start = 0;
        foreach (var cut in cuts.Select(cut => cut % (body.Length + 1)).Order())
        {
            yield return body[start..cut];
            start = cut;
        }

        yield return body[start..];
    }

    private static Gen<(byte[] Bytes, int[] Cuts)> Bodies()
    {
        var envelope = Gen.Choose(44, 300).SelectMany(length => Gen.Choose(0, 255).Select(fill => LinkBodies.Envelope(length, (byte)fill)));
        var intact = Gen.Choose(0, 6).SelectMany(count => Gen.ArrayOf(envelope, count)).Select(LinkBodies.Body);
        var noise = Gen.Choose(0, 60).SelectMany(count => Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), count));
        var cut = intact.SelectMany(body => Gen.Choose(0, body.Length).Select(length => body[..length]));
        var damaged = intact.Where(body => body.Length > 0).SelectMany(body => Gen.Choose(0, body.Length - 1).SelectMany(
            at => Gen.Choose(1, 255).Select(difference => Damaged(body, at, difference))));
        var cuts = Gen.Choose(0, 5).SelectMany(count => Gen.ArrayOf(Gen.Choose(0, 10_000), count));
        return Gen.OneOf(intact, noise, cut, damaged).SelectMany(body => cuts.Select(places => (body, places)));
    }

    private static byte[] Damaged(byte[] body, int at, int difference)
    {
        var copy = (byte[])body.Clone();
        copy[at] ^= (byte)difference;
        return copy;
    }

    [GeneratedRegex(@"^```bytes ([a-z0-9-]+)\n((?:[0-9a-f]+\n)+)```$", RegexOptions.Multiline)]
    private static partial Regex HexBlock();
}

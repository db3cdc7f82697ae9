using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Tests.Protocol;

/// <summary>Goal: docs/formats/pbm.md and the code are the same protocol.</summary>
public sealed class FormatDocumentTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "formats", "pbm.md"));

    private static readonly string[] Examples =
    [
        .. Regex.Matches(Page, "^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
            .SelectMany(block => block.Groups[1].Value.TrimEnd('\n').Split('\n')),
    ];

    public static TheoryData<string> Frames => [.. Examples];

    [Fact]
    public void Every_kind_of_message_has_an_example() => Assert.Equal(
        ["Call", "Cancel", "End", "Error", "Hello", "Item", "Welcome"],
        Examples.Select(frame => PbmCodec.Decode(Encoding.UTF8.GetBytes(frame)).GetType().Name).Distinct().Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Frames))]
    public void An_example_is_what_the_code_writes(string frame) =>
        Assert.Equal(frame + "\n", Encoding.UTF8.GetString(PbmCodec.Encode(PbmCodec.Decode(Encoding.UTF8.GetBytes(frame)))));

    [Fact]
    public void Every_code_is_listed_with_its_name() => Assert.Equal(
        Enum.GetValues<PbmErrorCode>().Select(code => ((int)code, code.ToString())),
        Regex.Matches(Page, @"^\| (5\d{3}) \| (\w+) \|", RegexOptions.Multiline).Select(row => (int.Parse(row.Groups[1].Value), row.Groups[2].Value)));

    [Fact]
    public void Every_bound_is_the_codes() => Assert.Equal(
        [
            PbmLimits.HelloBytesMax, PbmLimits.FrameBytesMax, PbmLimits.VersionsMax, PbmLimits.NameLengthMax, PbmLimits.DescriptionLengthMax,
            PbmLimits.ProgramLengthMax, PbmLimits.TokenLengthMax, PbmLimits.PalettesMax, PbmLimits.SwitchesMax, PbmLimits.FieldsMax,
            PbmLimits.TextLengthMax, PbmLimits.IdMax, PbmLimits.DepthMax,
        ],
        Regex.Matches(Page[Page.IndexOf("## Bounds", StringComparison.Ordinal)..], @"^\| .* \| (\d+) \|$", RegexOptions.Multiline)
            .Select(row => long.Parse(row.Groups[1].Value)));
}

using System.Text.RegularExpressions;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Pbm.Tests;

/// <summary>Goal: docs/operating/exit-codes.md says how pbm ends, for every code a process may tell it.</summary>
public sealed class ExitCodeTests
{
    private static readonly Dictionary<int, int> Documented = Regex.Matches(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "exit-codes.md")),
            @"^\| KY(?<code>[0-9]{4}) \| \w+ \| (?<exit>[0-9]+) \|$", RegexOptions.Multiline)
        .ToDictionary(row => int.Parse(row.Groups["code"].Value), row => int.Parse(row.Groups["exit"].Value));

    [Fact]
    public void Every_code_of_the_protocol_ends_as_the_page_says() => Assert.Equal(
        Enum.GetValues<PbmErrorCode>().ToDictionary(code => (int)code, code => ExitCode.Of((int)code)),
        Documented.Where(row => row.Key >= 5_000).ToDictionary());

    [Fact]
    public void A_code_of_the_engine_ends_as_it_does_for_kyberium() => Assert.All(
        Documented.Where(row => row.Key is > 1_001 and < 5_000), row => Assert.Equal(row.Value, ExitCode.Of(row.Key)));
}

using System.Text.RegularExpressions;
using Kyberium.Engine;

namespace Kyberium.Host.Tests;

/// <summary>Goal: docs/operating/exit-codes.md says what the program does, for every error code there is.</summary>
public sealed class ExitCodeTests
{
    [Fact]
    public void The_document_and_the_program_agree_on_every_code()
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "exit-codes.md"));
        var documented = Regex.Matches(text, @"^\| KY(?<code>[1-4][0-9]{3}) \| \w+ \| (?<exit>[0-9]+) \|$", RegexOptions.Multiline)
            .ToDictionary(row => (EngineErrorCode)int.Parse(row.Groups["code"].Value), row => int.Parse(row.Groups["exit"].Value));

        Assert.Equal(Enum.GetValues<EngineErrorCode>().ToDictionary(code => code, ExitCode.Of), documented);
    }
}

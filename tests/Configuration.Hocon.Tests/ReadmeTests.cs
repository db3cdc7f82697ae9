using System.Text.RegularExpressions;

namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>The README's example means what the README says.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void Example_yields_the_keys_listed()
    {
        var readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        var expected = Block(readme, "text").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1], StringComparer.OrdinalIgnoreCase);

        var document = HoconDocument.Parse(
            Block(readme, "hocon"), new HoconReadOptions { Environment = name => name == "DATA_HOME" ? "/var/lib" : null });

        Assert.Equal(7, expected.Count);
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase).Select(p => $"{p.Key}={p.Value}".ToUpperInvariant()),
            document.Values.OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase).Select(p => $"{p.Key}={p.Value}".ToUpperInvariant()));
    }

    private static string Block(string readme, string language) =>
        Fence().Matches(readme).Single(match => match.Groups[1].Value == language).Groups[2].Value;

    [GeneratedRegex("```([a-z]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}

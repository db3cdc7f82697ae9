using System.Globalization;
using System.Text.RegularExpressions;
using Kyberium.Tests.Support;

namespace Kyberium.Pbm.Tests.Processes;

/// <summary>Goal: docs/operating/pbm.md is true; only the ports are others.</summary>
public sealed class PbmDocumentTests
{
    private readonly Dictionary<string, string> _ports = new() { ["9110"] = Port(), ["9111"] = Port() };

    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "pbm.md"));
        using var page = new CommandsPage(Regex.Replace(text, ":(911[01])", match => ":" + _ports[match.Groups[1].Value]), "  control ");
        await page.RunAsync();

        Assert.Equal(47, page.Count);
        Assert.Equal(2, page.Servers.Count);
        foreach (var server in page.Servers)
        {
            Assert.Equal(0, await CommandsPage.EndOfAsync(server));     // drained by the page itself
        }
    }

    private static string Port() => FreePort.Next().ToString(CultureInfo.InvariantCulture);
}

namespace Kyberium.Host.Tests;

/// <summary>Goal: docs/operating/commands.md is true.</summary>
public sealed class CommandsDocumentTests
{
    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        using var page = new CommandsPage(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "commands.md")), "ready: ");
        await page.RunAsync();

        Assert.Equal(48, page.Count);
        foreach (var server in page.Servers)
        {
            await CommandsPage.SignalAsync(server, "TERM");
            Assert.Equal(0, await CommandsPage.EndOfAsync(server));
        }
    }
}

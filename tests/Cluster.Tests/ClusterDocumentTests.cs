using Kyberium.Engine.PostgreSql.Tests;
using Kyberium.Tests.Support;

namespace Kyberium.Cluster.Tests;

/// <summary>Goal: docs/operating/cluster.md is true.</summary>
public sealed class ClusterDocumentTests
{
    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        await using var database = await PostgresServer.StartAsync();
        Environment.SetEnvironmentVariable("DATABASE", database.ConnectionString);     // of this process, whose only page this is
        using var page = new CommandsPage(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "cluster.md")), "ready: ");
        await page.RunAsync();

        Assert.Equal(45, page.Count);
        await CommandsPage.SignalAsync(page.Servers[0], "TERM");
        Assert.Equal(0, await CommandsPage.EndOfAsync(page.Servers[0]));
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kyberium.Cluster.Tests;

/// <summary>Goal: docs/operating/cluster.md is true; only the ports are others.</summary>
public sealed class ClusterDocumentTests
{
    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        await using var database = await PostgresServer.StartAsync();
        Environment.SetEnvironmentVariable("DATABASE", database.ConnectionString);     // of this process, whose only page this is
        foreach (var (name, value) in new[] { ("PGHOST", "127.0.0.1"), ("PGPORT", $"{database.Port}"), ("PGUSER", "kyberium"), ("PGDATABASE", "postgres") })
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        var ports = new ConcurrentDictionary<string, string>();
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "cluster.md"));
        text = Regex.Replace(
            text, @"127\.0\.0\.1:(1\d{4})", match => "127.0.0.1:" + ports.GetOrAdd(match.Groups[1].Value, static _ => FreePort.Next().ToString(CultureInfo.InvariantCulture)));
        using var page = new CommandsPage(text, "ready: ");
        await page.RunAsync();

        Assert.Equal((80, 6), (page.Count, ports.Count));
        await CommandsPage.SignalAsync(page.Servers[0], "TERM");
        Assert.Equal(0, await CommandsPage.EndOfAsync(page.Servers[0]));
    }
}

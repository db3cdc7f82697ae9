using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Kyberium.Tests.Support;

namespace Kyberium.Pbm.Tests.Processes;

/// <summary>Goal: what <c>dotnet pack</c> makes of what was just built can be installed as a .NET tool from a folder, with no other source of packages, and
/// operates a node.</summary>
public sealed class ToolPackageTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-tool-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_tool_is_packed_installed_and_asks_a_running_node()
    {
        var configuration = typeof(ToolPackageTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        var packages = Path.Combine(_folder, "packages");
        await DotnetAsync("pack", Project(), "--no-build", "-c", configuration, "-o", packages, "-nologo", "-nodeReuse:false");
        var sources = Path.Combine(_folder, "nuget.config");
        await File.WriteAllTextAsync(sources, $"""<configuration><packageSources><clear /><add key="here" value="{packages}" /></packageSources></configuration>""");
        var tools = Path.Combine(_folder, "tools");
        await DotnetAsync("tool", "install", "Kyberium.Pbm", "--tool-path", tools, "--configfile", sources);

        var port = FreePort.Next();
        using var page = new CommandsPage(
            $"""
            ```console
            $ kyberium keyring create --data-directory node/data --keyring node/keys/master
            $ {tools}/pbm --help
            usage: pbm
            ```

            ```console serve
            $ kyberium serve --data-directory node/data --keyring node/keys/master --set kyberium.engine.shard.count=4 --set kyberium.host.pbm.listen=127.0.0.1:{port}
            ```

            ```console
            $ {tools}/pbm 127.0.0.1:{port} node info
            shards: 4
            Count: 1 nodes
            ```
            """,
            "ready: ");
        await page.RunAsync();

        Assert.Equal(4, page.Count);
        await CommandsPage.SignalAsync(page.Servers[0], "TERM");
        Assert.Equal(0, await CommandsPage.EndOfAsync(page.Servers[0]));
    }

    private static string Project([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "src", "Pbm", "Kyberium.Pbm.csproj"));

    private async Task DotnetAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder, "cache");       // one of this version may lie in the user's own
        if (arguments[0] == "pack")
        {
            start.Environment.Remove("NUGET_PACKAGES");     // what was restored for the build is there
        }

        using var process = Process.Start(start)!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()).WaitAsync(Patience);
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {string.Concat(texts)}");
    }
}

using System.Diagnostics;
using System.Text.Json;

namespace Kyberium.Crash.Tests;

/// <summary>The demo as a user runs it, on a small text.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public async Task Demo_delivers_a_text_both_ways_through_kills_and_says_so()
    {
        await File.WriteAllLinesAsync(_file, Enumerable.Range(0, 120).Select(line => $"line {line}, ünïcödé too"));
        var (exitCode, output, error) = await RunAsync("demo", "--file", _file, "--kills", "2", "--json");
        Assert.True(exitCode == 0, error);
        using var report = JsonDocument.Parse(output);
        var root = report.RootElement;
        Assert.Equal(240, root.GetProperty("sent").GetInt32());
        Assert.Equal(240, root.GetProperty("received").GetInt32());
        Assert.Equal(2, root.GetProperty("kills").GetInt32());
        Assert.True(root.GetProperty("orderAndBytesVerified").GetBoolean());
        Assert.False(root.TryGetProperty("folder", out _));
        Assert.Contains("killed alice", error, StringComparison.Ordinal);
        Assert.Contains("killed bob", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--kills", "-1")]
    [InlineData("--file", "/nowhere/text")]
    public async Task Demo_refuses_what_cannot_work_before_it_starts_anything(string option, string value)
    {
        var (exitCode, output, error) = await RunAsync("demo", option, value);
        Assert.Equal(64, exitCode);
        Assert.Empty(output);
        Assert.Contains("KY1015", error, StringComparison.Ordinal);
    }

    /// <summary>Goal: being told to stop leaves no process and says what became of the data. SIGINT goes to the whole group, nodes included,
    /// as a terminal sends it for Ctrl-C; where tests run in the background it would be ignored, so it is set to its default first.</summary>
    [Theory]
    [InlineData(true, "TERM")]
    [InlineData(false, "TERM")]
    [InlineData(true, "INT")]
    public async Task Demo_that_is_interrupted_ends_its_nodes_and_says_where_their_data_lies(bool keeps, string signalName)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await File.WriteAllLinesAsync(_file, Enumerable.Range(0, 200_000).Select(line => $"line {line}"));
        string[] keep = keeps ? ["--keep"] : [];
        using var process = Start(
            ["setsid", "env", "--default-signal=INT", "dotnet"], ["demo", "--file", _file, "--kills", "0", .. keep]);
        using var timely = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var output = process.StandardOutput.ReadToEndAsync(timely.Token);
        var error = new System.Text.StringBuilder();
        while (!error.ToString().Contains("sending ", StringComparison.Ordinal))
        {
            error.AppendLine(await process.StandardError.ReadLineAsync(timely.Token) ?? throw new InvalidOperationException(error.ToString()));
        }

        var nodes = NodesOf(process.Id);
        Assert.Equal(2, nodes.Count);
        var whom = signalName == "INT" ? -process.Id : process.Id;
        using (var signal = Process.Start("kill", [$"-{signalName}", "--", $"{whom}"]))
        {
            await signal.WaitForExitAsync(timely.Token);
        }

        error.Append(await process.StandardError.ReadToEndAsync(timely.Token));
        await process.WaitForExitAsync(timely.Token);
        Assert.Equal(130, process.ExitCode);
        Assert.Empty(await output);
        Assert.All(nodes, node => Assert.False(Directory.Exists($"/proc/{node}"), $"node {node} outlived the demo"));
        var told = error.ToString().TrimEnd().Split('\n')[^1];
        if (keeps)
        {
            var folder = told[(told.LastIndexOf(' ') + 1)..];
            Assert.True(File.Exists(Path.Combine(folder, "alice", "data", "journal.db")), told);
            Directory.Delete(folder, recursive: true);
        }
        else
        {
            Assert.EndsWith("their data is deleted", told, StringComparison.Ordinal);
        }
    }

    public void Dispose() => File.Delete(_file);

    /// <summary>Reads from the system which processes the demo started.</summary>
    private static List<int> NodesOf(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!))
            .Where(process => ParentOf(process) == parent)];

    /// <summary>Reads whose child a process is; 0 when it has ended meanwhile.</summary>
    private static int ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);       // the name before it may hold anything
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(["dotnet"], arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <param name="runtime">The runtime, and what it is started by; each takes the place of the one before, so the process id stays.</param>
    private static Process Start(string[] runtime, string[] arguments) => Process.Start(new ProcessStartInfo(
        runtime[0], [.. runtime[1..], "exec", Path.Combine(AppContext.BaseDirectory, "kyberium.dll"), .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

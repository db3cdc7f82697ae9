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

    public void Dispose() => File.Delete(_file);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "kyberium.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}

using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Kyberium.Host.Tests;

/// <summary>Goal: docs/operating/commands.md is true. Each console block runs in a shell, as processes of the real program.</summary>
public sealed class CommandsDocumentTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("kyberium-docs-").FullName;
    private readonly List<Process> _serving = [];

    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "commands.md"));
        var blocks = Regex.Matches(page, "^```(?<kind>\\w+) ?(?<argument>\\S*)\n(?<body>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline);
        var commands = 0;
        foreach (var block in blocks.Cast<Match>())
        {
            var body = block.Groups["body"].Value;
            if (block.Groups["kind"].Value == "hocon")
            {
                await File.WriteAllTextAsync(Path.Combine(_scratch, block.Groups["argument"].Value), body);
                continue;
            }

            foreach (var step in Regex.Matches(body, @"^\$ (?<command>.*)\n(?<expected>(?:(?!\$ ).*\n)*)", RegexOptions.Multiline).Cast<Match>())
            {
                commands++;
                await RunAsync(step.Groups["command"].Value, step.Groups["expected"].Value, block.Groups["argument"].Value == "serve");
            }
        }

        Assert.Equal(48, commands);
        foreach (var process in _serving)
        {
            Assert.Equal(0, await StopAsync(process));
        }
    }

    public void Dispose()
    {
        foreach (var process in _serving)
        {
            process.Kill();
            process.Dispose();
        }

        Directory.Delete(_scratch, recursive: true);
    }

    private async Task RunAsync(string command, string expected, bool serves)
    {
        var process = Start(serves ? "exec " + command : command);
        if (serves)
        {
            _serving.Add(process);
            Assert.StartsWith("ready: ", await process.StandardOutput.ReadLineAsync().WaitAsync(ScratchNode.Patience), StringComparison.Ordinal);
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            return;
        }

        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
            var all = await output + await error;
            var code = Regex.Match(expected, @"^\[(?<code>\d+)\]$", RegexOptions.Multiline) is { Success: true } match ? int.Parse(match.Groups["code"].Value) : 0;
            Assert.True(process.ExitCode == code, $"{command}: exit code {process.ExitCode}, not {code}\n{all}");
            foreach (var line in expected.Split('\n').Where(line => line.Length > 0 && line[0] != '['))
            {
                Assert.True(all.Contains(line, StringComparison.Ordinal), $"{command}: '{line}' is not in\n{all}");
            }
        }
    }

    private Process Start(string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            WorkingDirectory = _scratch, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = false,
        };
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH");
        return Process.Start(start)!;
    }

    private static async Task<int> StopAsync(Process process)
    {
        using var kill = Process.Start("/bin/kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
        return process.ExitCode;
    }
}

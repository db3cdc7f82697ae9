using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Kyberium.Pbm.Tests.Serving;

namespace Kyberium.Pbm.Tests.Processes;

/// <summary>Goal: docs/operating/pbm.md is true. Each console block runs in a shell, as processes of the real programs; only the ports are others.</summary>
public sealed class PbmDocumentTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("kyberium-pbm-docs-").FullName;
    private readonly List<Process> _serving = [];
    private readonly Dictionary<string, string> _ports = new() { ["9110"] = FreePort(), ["9111"] = FreePort() };

    [Fact]
    public async Task Every_command_on_the_page_does_what_the_page_says()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "pbm.md"));
        page = Regex.Replace(page, ":(911[01])", match => ":" + _ports[match.Groups[1].Value]);
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
                await RunAsync(step.Groups["command"].Value, step.Groups["expected"].Value, block.Groups["argument"].Value);
            }
        }

        Assert.Equal(47, commands);
        Assert.Equal(2, _serving.Count);
        foreach (var process in _serving)
        {
            await process.WaitForExitAsync().WaitAsync(TestPalette.Patience);      // drained by the page itself
            Assert.Equal(0, process.ExitCode);
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

    private async Task RunAsync(string command, string expected, string kind)
    {
        var process = Start(kind.Length > 0 ? "exec " + command : command);
        if (kind == "follow")
        {
            await InterruptAsync(process, expected.TrimEnd('\n'));
            return;
        }

        if (kind == "serve")
        {
            _serving.Add(process);
            _ = process.StandardError.ReadToEndAsync();
            for (var line = ""; !line.StartsWith("  control ", StringComparison.Ordinal);)
            {
                line = await process.StandardOutput.ReadLineAsync().WaitAsync(TestPalette.Patience) ?? throw new InvalidOperationException($"{command} ended");
            }

            return;
        }

        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(TestPalette.Patience);
            var all = await output + await error;
            var code = Regex.Match(expected, @"^\[(?<code>\d+)\]$", RegexOptions.Multiline) is { Success: true } match ? int.Parse(match.Groups["code"].Value) : 0;
            Assert.True(process.ExitCode == code, $"{command}: exit code {process.ExitCode}, not {code}\n{all}");
            foreach (var line in expected.Split('\n').Where(line => line.Length > 0 && line[0] != '['))
            {
                Assert.True(all.Contains(line, StringComparison.Ordinal), $"{command}: '{line}' is not in\n{all}");
            }
        }
    }

    /// <summary>Waits for what is expected, then does what Ctrl-C does.</summary>
    private static async Task InterruptAsync(Process process, string expected)
    {
        using var _ = process;
        var error = process.StandardError.ReadToEndAsync();
        for (var line = ""; !line.Contains(expected, StringComparison.Ordinal);)
        {
            line = await process.StandardOutput.ReadLineAsync().WaitAsync(TestPalette.Patience) ?? throw new InvalidOperationException($"it ended: {await error}");
        }

        using var kill = Process.Start("/bin/kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.StandardOutput.ReadToEndAsync().WaitAsync(TestPalette.Patience);
        await process.WaitForExitAsync().WaitAsync(TestPalette.Patience);
        Assert.True(process.ExitCode == 0, await error);
    }

    private Process Start(string command)
    {
        // A shell lets what it starts in the background ignore SIGINT, and a child inherits that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "/bin/sh", "-c", command])
        {
            WorkingDirectory = _scratch, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH");
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static string FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

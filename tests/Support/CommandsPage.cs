using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kyberium.Tests.Support;

/// <summary>Runs what a page of the documentation shows, in a folder of its own, as processes of the real programs. Part of each test project
/// that needs it.</summary>
/// <remarks>
/// A block headed <c>hocon NAME</c> is a file. In a block headed <c>console</c> a line that begins with <c>$</c> is a command of the shell; the lines
/// after it stand in its output, and <c>[2]</c> is its exit code, 0 where nothing is said. <c>console serve</c> goes on while the page does;
/// <c>console follow</c> is interrupted once what is expected has come.
/// </remarks>
internal sealed partial class CommandsPage(string page, string serving) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-page-").FullName;
    private readonly List<Process> _servers = [];

    /// <summary>Gets how many commands ran.</summary>
    internal int Count { get; private set; }

    /// <summary>Gets what was headed <c>console serve</c>, in order.</summary>
    internal IReadOnlyList<Process> Servers => _servers;

    internal async Task RunAsync()
    {
        foreach (var block in Blocks().Matches(page).Cast<Match>())
        {
            var (argument, body) = (block.Groups["argument"].Value, block.Groups["body"].Value);
            if (block.Groups["kind"].Value == "hocon")
            {
                await File.WriteAllTextAsync(Path.Combine(_folder, argument), body);
                continue;
            }

            foreach (var step in Steps().Matches(body).Cast<Match>())
            {
                Count++;
                await RunAsync(step.Groups["command"].Value, step.Groups["expected"].Value, argument);
            }
        }
    }

    /// <summary>Waits until a process has ended, and gives its exit code.</summary>
    internal static async Task<int> EndOfAsync(Process process)
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }

    /// <summary>Sends a signal, by its name without SIG.</summary>
    internal static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("/bin/kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
    }

    public void Dispose()
    {
        foreach (var process in _servers)
        {
            process.Kill();
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(string command, string expected, string kind)
    {
        var process = Start(kind.Length > 0 ? "exec " + command : command);
        if (kind == "serve")
        {
            _servers.Add(process);
            var errors = process.StandardError.ReadToEndAsync();
            await LineAsync(process, command, line => line.StartsWith(serving, StringComparison.Ordinal), errors);
            _ = process.StandardOutput.ReadToEndAsync();        // so that it never waits for a reader
            return;
        }

        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            if (kind == "follow")
            {
                await LineAsync(process, command, line => line.Contains(expected.TrimEnd('\n'), StringComparison.Ordinal), error);
                await SignalAsync(process, "INT");
            }

            var output = process.StandardOutput.ReadToEndAsync();
            try
            {
                await process.WaitForExitAsync().WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"{command}: did not end in {Patience}\n{await output}{await error}");
            }

            var exit = process.ExitCode;
            var all = await output + await error;
            var code = ExitCode().Match(expected) is { Success: true } match ? int.Parse(match.Groups["code"].Value, CultureInfo.InvariantCulture) : 0;
            Assert.True(exit == code, $"{command}: exit code {exit}, not {code}\n{all}");
            foreach (var line in expected.Split('\n').Where(line => kind != "follow" && line.Length > 0 && line[0] != '['))
            {
                Assert.True(all.Contains(line, StringComparison.Ordinal), $"{command}: '{line}' is not in\n{all}");
            }
        }
    }

    private static async Task LineAsync(Process process, string command, Func<string, bool> isIt, Task<string> error)
    {
        for (var line = ""; !isIt(line);)
        {
            line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidOperationException($"{command} ended: {await error}");
        }
    }

    private Process Start(string command)
    {
        // A shell lets what it starts in the background ignore SIGINT, and a child inherits that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "/bin/sh", "-c", command])
        {
            WorkingDirectory = _folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH");
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    [GeneratedRegex("^```(?<kind>\\w+) ?(?<argument>\\S*)\n(?<body>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"^\$ (?<command>.*)\n(?<expected>(?:(?!\$ ).*\n)*)", RegexOptions.Multiline)]
    private static partial Regex Steps();

    [GeneratedRegex(@"^\[(?<code>\d+)\]$", RegexOptions.Multiline)]
    private static partial Regex ExitCode();
}

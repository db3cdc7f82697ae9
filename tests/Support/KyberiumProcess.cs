using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Tests.Support;

/// <summary><c>kyberium serve</c> as a process of the real program, for what only processes show: signals, kills, what they leave.</summary>
internal sealed class KyberiumProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringWriter _log = new();
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private KyberiumProcess(Process process)
    {
        _process = process;
        _reading = ReadLogAsync();
    }

    internal string Address { get; private set; } = "";

    internal string ControlPath { get; private set; } = "";

    /// <summary>Gets a task that completes once the log says that the node is stopping.</summary>
    internal Task Stopping => _stopping.Task;

    /// <summary>Starts a node and waits until it is ready.</summary>
    internal static Task<KyberiumProcess> ServeAsync(ScratchNode node, params string[] options) => ServeAtAsync(node.Location(), options);

    /// <summary>The same for a node that lies elsewhere.</summary>
    internal static async Task<KyberiumProcess> ServeAtAsync(string[] location, params string[] options)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "kyberium");

        // A shell lets what it starts in the background ignore SIGINT, and a child inherits that.
        var process = new KyberiumProcess(Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", program, "serve", .. location, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        while (process.ControlPath.Length == 0)
        {
            var line = await process._process.StandardOutput.ReadLineAsync().WaitAsync(ScratchNode.Patience)
                ?? throw new InvalidOperationException($"serve ended: {process._log}");
            process.Address = Value(line, "  listen   ") ?? process.Address;
            process.ControlPath = Value(line, "  control  ") ?? "";
        }

        return process;
    }

    internal async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
        Assert.Equal(0, kill.ExitCode);
    }

    internal bool HasEnded => _process.HasExited;

    /// <summary>Waits for the end. A process that a signal killed gives 128 and the signal's number.</summary>
    internal async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
        await _reading.WaitAsync(ScratchNode.Patience);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _log.Dispose();
    }

    private static string? Value(string line, string label) =>
        line.StartsWith(label, StringComparison.Ordinal) ? line[label.Length..] : null;

    private async Task ReadLogAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            await _log.WriteLineAsync(line);
            if (line.Contains("Stopping:", StringComparison.Ordinal))
            {
                _stopping.TrySetResult();
            }
        }
    }
}

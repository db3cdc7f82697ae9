using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Tests.Support;

/// <summary><c>kyberium serve</c> as a process of the real program, for what only processes show: signals, kills, what they leave.</summary>
internal sealed class KyberiumProcess : IDisposable
{
    private readonly Process _process;

    private KyberiumProcess(Process process) => (_process, Log) = (process, new ProcessLog(process.StandardError));

    internal ProcessLog Log { get; }

    internal string Address { get; private set; } = "";

    internal string ControlPath { get; private set; } = "";

    /// <summary>Gets a task that completes once the log says that the node is stopping.</summary>
    internal Task Stopping => Log.SaidAsync("Stopping:");

    /// <summary>Starts a node and waits until it is ready.</summary>
    internal static Task<KyberiumProcess> ServeAsync(ScratchNode node, params string[] options) => ServeAtAsync(ProcessPlace.Here, [.. node.Location(), .. options]);

    /// <summary>The same for a node that lies or runs elsewhere.</summary>
    internal static async Task<KyberiumProcess> ServeAtAsync(ProcessPlace place, string[] options)
    {
        // A shell lets what it starts in the background ignore SIGINT, and a child inherits that.
        var start = place.Command(["env", "--default-signal=INT", place.PathOf("kyberium"), "serve", .. options]);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        var process = new KyberiumProcess(Process.Start(start)!);
        while (process.ControlPath.Length == 0)
        {
            var line = await process.ReadLineAsync() ?? throw await process.RefusedAsync();
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
        await Log.Reading.WaitAsync(ScratchNode.Patience);
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
    }

    private static string? Value(string line, string label) =>
        line.StartsWith(label, StringComparison.Ordinal) ? line[label.Length..] : null;

    private async Task<string?> ReadLineAsync()
    {
        try
        {
            return await _process.StandardOutput.ReadLineAsync().WaitAsync(ScratchNode.Patience);
        }
        catch (TimeoutException late)
        {
            Dispose();
            throw new TimeoutException($"serve was not ready within {ScratchNode.Patience}: {Log}", late);
        }
    }

    private async Task<InvalidOperationException> RefusedAsync()
    {
        await Log.Reading.WaitAsync(ScratchNode.Patience);
        return new InvalidOperationException($"serve ended: {Log}");
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Kyberium.Crash;

/// <summary>One life of a node, seen from the side that kills it.</summary>
internal sealed class NodeProcess
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _complaints;
    private bool _isEnding;
    private bool _hasEnded;

    private NodeProcess(int index, StepAim? aim, Process process, ChannelWriter<(NodeProcess, NodeEvent)> events)
    {
        Index = index;
        Aim = aim;
        _process = process;
        _complaints = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync(events);
    }

    internal int Index { get; }

    /// <summary>Gets the step this life is to end at.</summary>
    internal StepAim? Aim { get; }

    internal static NodeProcess Start(
        int index, string folder, string listen, string peer, StepAim? aim, ChannelWriter<(NodeProcess, NodeEvent)> events)
    {
        var running = Environment.ProcessPath;
        var dotnet = running is not null && Path.GetFileNameWithoutExtension(running) == "dotnet" ? running : "dotnet";
        string[] arguments =
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "Kyberium.Crash.dll"), "node", folder, listen, peer,
            .. aim is { } step
                ? [step.Kind.ToString(), step.Phase.ToString(), step.Skip.ToString(CultureInfo.InvariantCulture)]
                : Array.Empty<string>(),
        ];
        var start = new ProcessStartInfo(dotnet, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = NodeLines.Utf8,
            StandardOutputEncoding = NodeLines.Utf8,
        };
        return new NodeProcess(index, aim, Process.Start(start)!, events);
    }

    internal async Task TellAsync(NodeRequest request)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(NodeLines.Write(request));
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It just ended; the reading side reports it, and what it did not confirm is told again.
        }
    }

    /// <summary>kill -9; then everything it had said is in the channel.</summary>
    internal async Task KillAsync()
    {
        if (_hasEnded)
        {
            return;     // the other one did not stop, and that is what is to be told
        }

        _isEnding = true;
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        await _complaints;
        _process.Dispose();
    }

    /// <summary>Lets it stop cleanly.</summary>
    internal async Task StopAsync()
    {
        _isEnding = true;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        _hasEnded = true;
        await _reading;
        if (_process.ExitCode != 0)
        {
            throw new InvalidOperationException($"a node ended with {_process.ExitCode}: {await _complaints}");
        }

        _process.Dispose();
    }

    private async Task ReadAsync(ChannelWriter<(NodeProcess, NodeEvent)> events)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (NodeLines.TryRead<NodeEvent>(line) is { } what)
            {
                await events.WriteAsync((this, what));
            }
        }

        if (!_isEnding)
        {
            await events.WriteAsync((this, new NodeEvent("failed", Detail: "ended by itself: " + await _complaints)));
        }
    }
}

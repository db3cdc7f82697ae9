using System.Diagnostics;
using System.Threading.Channels;

namespace Kyberium.Host.Demo;

/// <summary>One life of a node: a real process of this same program.</summary>
internal sealed class DemoProcess : IAsyncDisposable
{
    private static readonly TimeSpan StoppingTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ChannelWriter<(DemoProcess, DemoEvent)> _events;
    private readonly Task _reading;
    private readonly Task<string> _complaints;

    private DemoProcess(string name, Process process, ChannelWriter<(DemoProcess, DemoEvent)> events)
    {
        Name = name;
        _process = process;
        _events = events;
        _reading = ReadAsync();
        _complaints = process.StandardError.ReadToEndAsync();
    }

    internal string Name { get; }

    /// <summary>Gets how many message envelopes this life is known to have sent.</summary>
    internal long Envelopes { get; private set; }

    /// <summary>Gets whether this life was ended on purpose.</summary>
    internal bool IsEnding { get; private set; }

    internal static DemoProcess Start(
        string name, string folder, string listen, string peer, ChannelWriter<(DemoProcess, DemoEvent)> events)
    {
        var (program, arguments) = Program();
        var start = new ProcessStartInfo(program, [.. arguments, DemoCommand.NodeName, folder, listen, peer])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = DemoJson.Utf8,
            StandardOutputEncoding = DemoJson.Utf8,
        };
        return new DemoProcess(name, Process.Start(start)!, events);
    }

    /// <summary>Asks something of the node. A node that was just killed hears nothing; what it would have done is asked again.</summary>
    internal async Task TellAsync(DemoRequest request)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(DemoJson.Write(request)).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // Its end is reported by the reading side.
        }
    }

    /// <summary>Kills the process as kill -9 does, and takes in what it had said by then.</summary>
    internal async Task KillAsync()
    {
        IsEnding = true;
        _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
    }

    /// <summary>Lets the node finish and end; kills it when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        IsEnding = true;
        try
        {
            if (_process.HasExited)
            {
                await Task.WhenAll(_reading, _complaints).ConfigureAwait(false);
                _process.Dispose();
                return;
            }

            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(StoppingTime).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or IOException)
        {
            _process.Kill();
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }

        await _reading.ConfigureAwait(false);
        await _complaints.ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (DemoJson.TryRead<DemoEvent>(line) is { } what)      // a line that a kill cut off says nothing
            {
                Envelopes = Math.Max(Envelopes, what.Envelopes);
                await _events.WriteAsync((this, what)).ConfigureAwait(false);
            }
        }

        var last = IsEnding ? null : await _complaints.ConfigureAwait(false);
        await _events.WriteAsync((this, new DemoEvent { What = DemoEvent.Ended, Detail = last?.Trim() })).ConfigureAwait(false);
    }

    /// <summary>This same program: its own executable, or the runtime that was given its assembly.</summary>
    private static (string Program, string[] Arguments) Program()
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "kyberium.dll");
        var running = Environment.ProcessPath;
        if (running is not null && Path.GetFileNameWithoutExtension(running) == "kyberium")
        {
            return (running, []);
        }

        return (running is not null && Path.GetFileNameWithoutExtension(running) == "dotnet" ? running : "dotnet", ["exec", assembly]);
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Tests.Support;

/// <summary>The real program: commands that end, and <c>serve</c>.</summary>
internal sealed class LighthouseProcess : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _log;

    private LighthouseProcess(Process process) => (_process, _log) = (process, process.StandardError.ReadToEndAsync());

    internal string Address { get; private set; } = "";

    /// <summary>Runs a command to its end.</summary>
    internal static async Task<(int Code, string Output, string Error)> RunAsync(string folder, params string[] arguments)
    {
        using var process = Start(ProcessPlace.Here, [.. arguments, "--set", $"kyberium.lighthouse.directory={folder}"], []);
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()).WaitAsync(Patience);
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, texts[0].TrimEnd(), texts[1].TrimEnd());
    }

    /// <summary>Starts a Lighthouse on a free port and waits until it is ready.</summary>
    internal static Task<LighthouseProcess> ServeAsync(string folder, Dictionary<string, string>? variables = null, params string[] settings) =>
        ServeAtAsync(ProcessPlace.Here, "127.0.0.1:0", folder, variables, settings);

    /// <summary>The same for one that runs elsewhere.</summary>
    internal static async Task<LighthouseProcess> ServeAtAsync(
        ProcessPlace place, string listen, string folder, Dictionary<string, string>? variables, params string[] settings)
    {
        string[] arguments = ["serve", .. settings.Prepend("listen=" + listen).Append("directory=" + folder).SelectMany(setting => new[] { "--set", "kyberium.lighthouse." + setting })];
        var lighthouse = new LighthouseProcess(Start(place, arguments, variables ?? []));
        while (lighthouse.Address.Length == 0)
        {
            var line = await lighthouse._process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
                ?? throw new InvalidOperationException($"serve ended: {await lighthouse._log}");
            lighthouse.Address = line.StartsWith("  listen   ", StringComparison.Ordinal) ? line[11..] : "";
        }

        return lighthouse;
    }

    /// <summary>Ends it by a signal.</summary>
    internal async Task<(int Code, string Log)> StopAsync(string signal = "TERM")
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return (_process.ExitCode, await _log.WaitAsync(Patience));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }

        _process.Dispose();
    }

    private static Process Start(ProcessPlace place, string[] arguments, Dictionary<string, string> variables)
    {
        var start = place.Command([place.PathOf("lighthouse"), .. arguments]);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}

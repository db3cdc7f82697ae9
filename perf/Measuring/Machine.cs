using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Kyberium.Measuring;

/// <summary>Says where figures come from.</summary>
internal static class Machine
{
    /// <summary>Gets processor, cores of this process, system and runtime: figures of two machines are not compared.</summary>
    internal static string Name { get; } = string.Create(CultureInfo.InvariantCulture,
        $"{Cpu()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}");

    /// <summary>Gets the commit the program was run at, with a plus when files differ from it.</summary>
    internal static string Commit { get; } = Git("rev-parse --short HEAD") is { Length: > 0 } commit
        ? commit + (Git("status --porcelain --untracked-files=no -- :/src :/perf").Length > 0 ? "+" : string.Empty)
        : "unknown";

    /// <summary>Gets how many threads waited for a core over the last minute: above the count of cores, others were at work. Empty where that is not told.</summary>
    internal static string LoadAverage => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : string.Empty;

    internal static string Describe(string[] args) => $"{Name}, commit {Commit}, load average {LoadAverage}, arguments: {string.Join(' ', args)}";

    private static string Cpu() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown"
            : RuntimeInformation.ProcessArchitecture.ToString();

    private static string Git(string arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = AppContext.BaseDirectory,
            })!;
            var errors = git.StandardError.ReadToEndAsync();
            var output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return errors.Result.Length == 0 ? output.Trim() : string.Empty;
        }
        catch (Win32Exception)
        {
            return string.Empty;        // no git here: the figures say so
        }
    }
}

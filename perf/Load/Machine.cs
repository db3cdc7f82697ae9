using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Kyberium.Load;

/// <summary>Says where figures come from.</summary>
internal static class Machine
{
    internal static string Describe(string[] args) => string.Create(CultureInfo.InvariantCulture,
        $"{Cpu()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}, commit {Commit()}, arguments: {string.Join(' ', args)}");

    private static string Cpu() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown"
            : RuntimeInformation.ProcessArchitecture.ToString();

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", "rev-parse --short HEAD")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        return git?.StandardOutput.ReadToEnd().Trim() ?? "unknown";
    }
}

using System.Diagnostics;

namespace Kyberium.Engine.Sqlite.Tests;

/// <summary>Starts the program that appends until it is killed.</summary>
internal static class CrashProcess
{
    internal static Process Start(string dataDirectory) => Process.Start(new ProcessStartInfo(
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
        ["exec", Path.Combine(AppContext.BaseDirectory, "Kyberium.Engine.Sqlite.Crash.dll"), dataDirectory])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

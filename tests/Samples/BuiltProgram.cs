using System.Diagnostics;

namespace Kyberium.Samples.Tests;

/// <summary>A program of this tree, run where it was built: beside it lies what it needs, and nothing the tests added.</summary>
internal static class BuiltProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <param name="folder">The project's folder from the root, with slashes.</param>
    /// <param name="assembly">The program's name without its ending.</param>
    /// <returns>The lines of standard output that hold something.</returns>
    internal static async Task<string[]> RunAsync(string folder, string assembly, string workingDirectory, params string[] arguments)
    {
        var (code, output, errors) = await EndAsync(folder, assembly, workingDirectory, arguments);
        Assert.True(code == 0, errors + output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>Runs it to its end, which must be a bad one.</summary>
    /// <returns>The exit code, and what it said on standard error.</returns>
    internal static async Task<(int Code, string Errors)> FailAsync(string folder, string assembly, string workingDirectory, params string[] arguments)
    {
        var (code, _, errors) = await EndAsync(folder, assembly, workingDirectory, arguments);
        Assert.NotEqual(0, code);
        return (code, errors);
    }

    private static async Task<(int Code, string Output, string Errors)> EndAsync(string folder, string assembly, string workingDirectory, string[] arguments)
    {
        using var timely = new CancellationTokenSource(Patience);
        using var process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
            ["exec", FileOf(folder, assembly), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(timely.Token);
        var errors = process.StandardError.ReadToEndAsync(timely.Token);
        try
        {
            await process.WaitForExitAsync(timely.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await errors);
    }

    private static string FileOf(string folder, string assembly) => Path.Combine(
        AppContext.BaseDirectory
            .Replace("tests/Samples/", folder + "/", StringComparison.Ordinal)
            .Replace("Kyberium.Samples.Tests", assembly, StringComparison.Ordinal),
        assembly + ".dll");
}

using System.Diagnostics;

namespace Kyberium.Repository.Tests.Packages;

/// <summary>Goal: tests/run.sh sums up what ran, and is green only when something ran and nothing failed. Method: the script
/// itself, over a stand-in for dotnet that prints what is given.</summary>
public sealed class TestRunTests : IDisposable
{
    private const string Green = "Passed!  - Failed:     0, Passed:    40, Skipped:     2, Total:    42, Duration: 1 s - A.dll (net10.0)";
    private const string Red = "Failed!  - Failed:     3, Passed:     5, Skipped:     0, Total:     8, Duration: 1 s - B.dll (net10.0)";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kyberium-run-");

    [Theory]
    [InlineData(0, 0, Green + "\n" + Green, 0, "80 passed, 0 failed, 4 skipped")]
    [InlineData(0, 1, Green + "\n" + Red, 1, "45 passed, 3 failed, 2 skipped")]
    [InlineData(0, 1, Green + "\nThe active test run was aborted", 1, "40 passed, 1 failed, 2 skipped")]
    [InlineData(0, 0, "No test matches the given filter", 1, "0 passed, 0 failed, 0 skipped")]
    [InlineData(1, 0, "", 1, "0 passed, 1 failed, 0 skipped")]
    public async Task The_run_ends_with_its_sum_and_the_exit_code_that_goes_with_it(
        int buildExit, int testExit, string output, int expectedExit, string expectedLine)
    {
        Install(buildExit, testExit, output);
        var start = new ProcessStartInfo("bash", [Path.Join(_folder.FullName, "tests", "run.sh")]) { RedirectStandardOutput = true };
        start.Environment["PATH"] = _folder.FullName + ":" + Environment.GetEnvironmentVariable("PATH");

        using var run = Process.Start(start)!;
        var printed = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();

        Assert.Equal(expectedLine, printed.TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal(expectedExit, run.ExitCode);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Install(int buildExit, int testExit, string output)
    {
        Directory.CreateDirectory(Path.Join(_folder.FullName, "tests"));
        File.Copy(SourceTree.Path("tests/run.sh"), Path.Join(_folder.FullName, "tests", "run.sh"));
        var standIn = Path.Join(_folder.FullName, "dotnet");
        File.WriteAllText(
            standIn, $"#!/bin/sh\n[ \"$1\" = build ] && exit {buildExit}\ncat <<'END'\n{output}\nEND\nexit {testExit}\n");
#pragma warning disable CA1416 // The script needs bash, so a Unix it is.
        File.SetUnixFileMode(standIn, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
    }
}

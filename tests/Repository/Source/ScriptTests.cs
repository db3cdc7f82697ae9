using System.Diagnostics;

namespace Kyberium.Repository.Tests.Source;

public sealed class ScriptTests
{
    /// <summary>Goal: a script that no test runs is at least one. Method: bash reads each and runs none.</summary>
    [Fact]
    public async Task Every_script_is_one_that_bash_can_read()
    {
        var scripts = SourceTree.Files.Where(IsScript).ToList();
        Assert.Contains("tests/Mutation/run.sh", scripts);
        foreach (var script in scripts)
        {
            using var bash = Process.Start(new ProcessStartInfo("bash", ["-n", SourceTree.Path(script)]) { RedirectStandardError = true })!;
            var problem = await bash.StandardError.ReadToEndAsync();
            await bash.WaitForExitAsync();
            Assert.True(bash.ExitCode == 0, $"{script}: {problem}");
        }
    }

    private static bool IsScript(string file)
    {
        using var reader = new StreamReader(SourceTree.Path(file));
        Span<char> head = stackalloc char[2];
        return reader.ReadBlock(head) == 2 && head is "#!" && reader.ReadLine() is { } line && line.EndsWith("sh", StringComparison.Ordinal);
    }
}

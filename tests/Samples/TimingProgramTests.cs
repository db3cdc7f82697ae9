namespace Kyberium.Samples.Tests;

/// <summary>Goal: the program that looks for leaking time never rots. Method: its quick form runs every row. What the rows say of time is not looked at here.</summary>
public sealed class TimingProgramTests
{
    [Fact]
    public async Task The_quick_form_of_the_timing_program_runs_every_row()
    {
        var lines = await BuiltProgram.RunAsync("perf/Timing", "Kyberium.Timing", Path.GetTempPath(), "--quick");

        foreach (var set in new[] { "MLKEM512", "MLKEM768", "MLKEM1024", "MLKEM768-P256" })
        {
            Assert.Contains(lines, line => line.StartsWith($"decapsulation {set}", StringComparison.Ordinal));
        }

        Assert.Contains(lines, line => line.StartsWith("tag of a record, platform", StringComparison.Ordinal));
        Assert.Single(lines, line => line.EndsWith("(control: must leak)", StringComparison.Ordinal));
    }
}

using System.Diagnostics;

namespace Kyberium.Simulation;

/// <summary>The short run of the test command. Longer ones: <c>dotnet run -c Release --project tests/Simulation -- --seeds N --seed S</c>.</summary>
public sealed class SimulationTests
{
    private const int SeedsPerCase = 50;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(45);

    [Theory]
    [InlineData(1)]
    [InlineData(1_001)]
    [InlineData(2_001)]
    [InlineData(3_001)]
    public void Every_promise_holds_under_the_faults_of_fifty_seeds(ulong first)
    {
        var (accepted, opened, crashes, acts) = (0, 0, 0, 0);
        for (var seed = first; seed < first + SeedsPerCase; seed++)
        {
            var result = Simulation.Run(seed, Duration);
            Assert.True(result.Violation is null, result.Violation is null ? "" : FailureReport.Of(result, Duration, Faults.All));
            accepted += result.Counts.Delivered;
            opened += result.Counts.Opened;
            crashes += result.Counts.Crashes;
            acts += result.Counts.Acts;
        }

        // A run in which little happens proves little.
        Assert.True(accepted > 10 * SeedsPerCase, $"{accepted} messages accepted");
        Assert.True(opened > SeedsPerCase, $"{opened} envelopes opened");
        Assert.True(crashes > SeedsPerCase / 2, $"{crashes} crashes");
        Assert.True(acts > SeedsPerCase / 2, $"{acts} acts of operators");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    public void One_seed_gives_one_history(ulong seed)
    {
        var first = Simulation.Run(seed, Duration);
        var second = Simulation.Run(seed, Duration);
        var other = Simulation.Run(seed + 1_000_000, Duration);

        Assert.Equal(first.Digest, second.Digest);
        Assert.Equal(first.Counts, second.Counts);
        Assert.NotEqual(first.Digest, other.Digest);
    }

    [Fact]
    public async Task One_seed_gives_the_same_history_in_another_process()
    {
        // Hash codes of strings differ from process to process: nothing that happens may depend on them.
        var here = Simulation.Run(9, Duration);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["exec", typeof(Simulation).Assembly.Location, "--seed", "9", "--for", SimulationArguments.Write(Duration)])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Contains(here.Digest, output, StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_that_run_side_by_side_have_the_histories_they_have_alone()
    {
        ulong[] seeds = [21, 22, 23, 24];
        var alone = seeds.Select(seed => Simulation.Run(seed, Duration).Digest).ToArray();
        var together = new string[seeds.Length];
        var threads = seeds.Select((seed, index) => new Thread(() => together[index] = Simulation.Run(seed, Duration).Digest)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData("--seeds")]
    [InlineData("--seeds", "0")]
    [InlineData("--jobs", "0")]
    [InlineData("--for", "10")]
    [InlineData("--for", "-1m")]
    [InlineData("--without", "Gravity")]
    public void Malformed_arguments_are_refused(params string[] arguments)
    {
        Assert.False(SimulationArguments.TryParse(arguments, out _, out var problem));
        Assert.Contains(arguments[0], problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_say_where_to_begin_how_long_and_what_to_leave_out()
    {
        Assert.True(SimulationArguments.TryParse(
            ["--seed", "12", "--seeds", "3", "--for", "2m", "--without", "Crash,Loss", "--jobs", "2", "--quiet", "--short"], out var parsed, out _));
        Assert.Equal(
            new SimulationArguments(12, 3, TimeSpan.FromMinutes(2), Faults.All & ~(Faults.Crash | Faults.Loss), true, false, 2, true), parsed);
    }
}

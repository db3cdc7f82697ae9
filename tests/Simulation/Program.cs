using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Simulation;

/// <summary>Runs seeds one after another: <c>--seeds N --seed S --for 10m [--without Crash,Loss] [--quiet] [--history]</c>.</summary>
internal static class Program
{
    internal static int Main(string[] arguments)
    {
        if (!SimulationArguments.TryParse(arguments, out var parsed, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(SimulationArguments.Usage);
            return 2;
        }

        var began = Stopwatch.GetTimestamp();
        var failed = 0;
        long steps = 0, delivered = 0, opened = 0, processes = 0;
        for (var seed = parsed.Seed; seed < parsed.Seed + (ulong)parsed.Seeds; seed++)
        {
            var result = Simulation.Run(
                seed, parsed.Duration, parsed.Faults, prepare: simulation => simulation.History.Copy = parsed.PrintsHistory ? Console.Out : null);
            steps += result.Counts.Steps;
            delivered += result.Counts.Delivered;
            opened += result.Counts.Opened;
            processes += result.Counts.Processes;
            if (parsed.Seeds == 1)
            {
                Console.WriteLine($"seed {seed}: history {result.Digest}, {result.Counts}");
            }

            if (result.Violation is not null)
            {
                failed++;
                Console.WriteLine(parsed.IsQuiet ? $"seed {seed}: {FirstLine(result.Violation)}" : FailureReport.Of(result, parsed.Duration, parsed.Faults));
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{parsed.Seeds} seeds, {failed} failed; {steps} steps, {processes} processes, {delivered} messages accepted, {opened} envelopes opened, "
            + $"{Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s"));
        return failed == 0 ? 0 : 1;
    }

    private static string FirstLine(string text) => text.AsSpan(0, Math.Min(400, text.Length)).ToString().Split('\n')[0];
}

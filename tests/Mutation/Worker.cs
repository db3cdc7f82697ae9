using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Mutation;

/// <summary>The process that turns mutants on. It says what becomes of each in a line, and ends with the first that hangs a test.</summary>
internal static class Worker
{
    /// <summary>What a test may take with a mutant beside many times what it takes without.</summary>
    private const int GraceMillis = 3_000;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdleCpu = TimeSpan.FromMilliseconds(50);

    internal static void Run(string folder, string coverageFile, int[] mutants)
    {
        var assembly = TestAssembly.Load(folder);
        var coverage = Coverage.Read(coverageFile);
        var output = Console.Out;
        Console.SetOut(TextWriter.Null);
        foreach (var mutant in mutants)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"begin {mutant}"));
            output.Flush();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"end {mutant} {Verdict(assembly, coverage, mutant)}"));
            output.Flush();
        }

        // What a killed mutant left running in the background ends here with the process.
        Environment.Exit(0);
    }

    private static string Verdict(TestAssembly assembly, Coverage coverage, int mutant)
    {
        var everywhere = coverage.OfInitializers.Contains(mutant);
        var tests = assembly.Tests
            .Where(test => coverage.Tests.TryGetValue(test.Name, out var passed) && (everywhere || passed.Mutants.Contains(mutant)))
            .OrderBy(test => coverage.Tests[test.Name].Millis);
        foreach (var test in tests)
        {
            // Set before each test: a test that failed may still be at work in the background with what it began.
            assembly.Mutants.Activate(mutant);
            try
            {
                if (!Ends(test.RunAsync, coverage.Tests[test.Name].Millis))
                {
                    return $"Timeout {test.Name}";
                }
            }
#pragma warning disable CA1031 // Whatever a test throws is the mutant's end, and its name is the answer.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                return $"Killed {test.Name} {failure.GetType().Name}";
            }
        }

        return "Survived";
    }

    /// <summary>Says whether a test ends within what it may take. A busy machine does not count against it: one that computes is
    /// measured by the processor's time, and one that waits has hung when nothing was computed for a while.</summary>
    private static bool Ends(Func<Task> test, long millis)
    {
        var limit = TimeSpan.FromMilliseconds(GraceMillis + (20 * millis));
        var cpuAtStart = Environment.CpuUsage.TotalTime;
        var (cpuBefore, idleSince) = (cpuAtStart, Stopwatch.GetTimestamp());
        var run = Task.Run(test);
        var ended = run.ContinueWith(_ => { }, TaskScheduler.Default);
        while (!ended.Wait(millisecondsTimeout: 100))
        {
            var cpu = Environment.CpuUsage.TotalTime;
            if (cpu - cpuBefore > IdleCpu)
            {
                (cpuBefore, idleSince) = (cpu, Stopwatch.GetTimestamp());
            }

            if (cpu - cpuAtStart > limit || Stopwatch.GetElapsedTime(idleSince) > IdleTime)
            {
                return false;
            }
        }

        run.GetAwaiter().GetResult();
        return true;
    }
}

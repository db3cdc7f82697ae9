using System.Diagnostics;
using System.Globalization;

namespace Kyberium.Mutation;

/// <summary>Gives mutants to worker processes one after another, and starts another worker when one hangs or dies of a mutant.</summary>
/// <param name="folder">The tests, beside the mutated assembly.</param>
/// <param name="testMillisMax">Tests that take longer without a mutant are left out.</param>
/// <param name="with">Only tests with one of these in their names are run; parts separated by commas.</param>
/// <param name="without">Tests with one of these in their names are left out, too.</param>
internal sealed class Supervisor(string folder, int testMillisMax, string with, string without)
{
    private const int MutantsPerWorker = 200;

    private readonly string _coverageFile = Path.Join(Path.GetTempPath(), $"kyberium-coverage-{Environment.ProcessId}.json");

    /// <param name="again">Only what survived or was not reached in the results so far is run.</param>
    internal int Run(MutantReport report, string results, bool again)
    {
        Start("coverage", folder, _coverageFile, with, without).WaitForExit();
        var coverage = Coverage.Read(_coverageFile);
        foreach (var slow in coverage.Tests.Where(test => test.Value.Millis > testMillisMax).Select(test => test.Key).ToList())
        {
            Console.WriteLine($"left out, too slow: {slow}");
            coverage.Tests.Remove(slow);
        }

        coverage.Write(_coverageFile);
        if (again)
        {
            report.TakeVerdicts(results);
        }

        var passed = coverage.Tests.Values.SelectMany(test => test.Mutants).ToHashSet();
        foreach (var mutant in report.Mutants.Where(mutant => mutant.IsOpen && !passed.Contains(mutant.Id)))
        {
            mutant.Status = "NoCoverage";
        }

        var todo = new Queue<Mutant>(report.Mutants.Where(mutant => mutant.IsOpen && passed.Contains(mutant.Id)));
        Console.WriteLine($"{todo.Count} mutants and {coverage.Tests.Count} tests");
        report.Write(results);
        while (todo.Count > 0)
        {
            RunSome(todo, coverage);
            report.Write(results);
        }

        MutantReport.PrintTable([results]);
        return 0;
    }

    private void RunSome(Queue<Mutant> todo, Coverage coverage)
    {
        var some = coverage.OfInitializers.Contains(todo.Peek().Id)
            ? [todo.Peek()]
            : todo.TakeWhile(mutant => !coverage.OfInitializers.Contains(mutant.Id)).Take(MutantsPerWorker).ToList();
        using var worker = Start(["worker", folder, _coverageFile, .. some.Select(mutant => mutant.Id.ToString(CultureInfo.InvariantCulture))]);
        while (worker.StandardOutput.ReadLine() is { } line)
        {
            if (line.Split(' ') is not ["end", _, var status, .. var by])
            {
                continue;
            }

            var mutant = todo.Dequeue();
            mutant.Status = status;
            mutant.By = string.Join(' ', by);
            Console.WriteLine($"{mutant.Place} {mutant.Mutator}: {status} {mutant.By}");
            if (status == "Timeout")
            {
                worker.Kill();
                worker.WaitForExit();
                return;
            }
        }

        worker.WaitForExit();
        if (worker.ExitCode != 0)
        {
            var mutant = todo.Dequeue();
            mutant.Status = "Killed";
            mutant.By = "the process died";
            Console.WriteLine($"{mutant.Place} {mutant.Mutator}: the process died");
        }
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = arguments[0] == "worker" };
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x80000000";    // a mutant that allocates without end dies of it, not the machine
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The worker did not start.");
    }
}

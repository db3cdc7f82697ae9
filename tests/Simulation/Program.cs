using System.Diagnostics;

namespace Kyberium.Simulation;

/// <summary>Runs seeds: <c>--seeds N --seed S --for 10m [--short] [--jobs 2] [--without Crash,Loss] [--quiet] [--history]</c>.</summary>
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

        var run = new SeedRun(parsed);
        var began = Stopwatch.GetTimestamp();
        run.Run();
        Console.WriteLine(run.Summary(Stopwatch.GetElapsedTime(began)));
        return run.Failed == 0 ? 0 : 1;
    }
}

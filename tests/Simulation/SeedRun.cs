using System.Globalization;

namespace Kyberium.Simulation;

/// <summary>A range of seeds, one after another or some side by side: each is a world of its own.</summary>
internal sealed class SeedRun(SimulationArguments arguments)
{
    private const int ProgressEvery = 10_000;

    private readonly Lock _lock = new();
    private ulong _next = arguments.Seed;
    private int _done;
    private long _steps;
    private long _delivered;
    private long _opened;
    private long _processes;
    private long _crashes;
    private long _acts;

    internal int Failed { get; private set; }

    internal void Run()
    {
        var threads = Enumerable.Range(0, arguments.Jobs).Select(_ => new Thread(RunSome)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
    }

    internal string Summary(TimeSpan took) => string.Create(CultureInfo.InvariantCulture,
        $"{arguments.Seeds} seeds, {Failed} failed; {_steps} steps, {_processes} processes, {_crashes} crashes, {_acts} acts of operators, {_delivered} messages accepted, {_opened} envelopes opened, "
        + $"{took.TotalSeconds:F1} s, {arguments.Seeds / took.TotalSeconds:F1} seeds/s");

    private void RunSome()
    {
        while (Next() is { } seed)
        {
            var result = Simulation.Run(
                seed, arguments.Duration, arguments.Faults,
                prepare: simulation => simulation.History.Copy = arguments.PrintsHistory ? Console.Out : null, isShort: arguments.IsShort);
            var failure = result.Violation is null ? null : arguments.IsQuiet
                ? $"seed {seed}: {FirstLine(result.Violation)}\n{FailureReport.Replay(seed, arguments.Duration, arguments.Faults, arguments.IsShort)}"
                : FailureReport.Of(result, arguments.Duration, arguments.Faults);
            lock (_lock)
            {
                Count(result, failure);
            }
        }
    }

    private ulong? Next()
    {
        lock (_lock)
        {
            return _next < arguments.Seed + (ulong)arguments.Seeds ? _next++ : null;
        }
    }

    private void Count(SimulationResult result, string? failure)
    {
        _steps += result.Counts.Steps;
        _delivered += result.Counts.Delivered;
        _opened += result.Counts.Opened;
        _processes += result.Counts.Processes;
        _crashes += result.Counts.Crashes;
        _acts += result.Counts.Acts;
        if (arguments.Seeds == 1)
        {
            Console.WriteLine($"seed {result.Seed}: history {result.Digest}, {result.Counts}");
        }

        if (failure is not null)
        {
            Failed++;
            Console.WriteLine(failure);
        }

        if (++_done % ProgressEvery == 0)
        {
            Console.Error.WriteLine($"{_done} of {arguments.Seeds} seeds, {Failed} failed");
        }
    }

    // Where a thread came from that should not be there shows only in its stack, and may never show again.
    private static string FirstLine(string text) => text.StartsWith("nothing runs outside", StringComparison.Ordinal)
        ? text
        : text.AsSpan(0, Math.Min(400, text.Length)).ToString().Split('\n')[0];
}

using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Simulation.Nodes;

namespace Kyberium.Simulation;

/// <summary>Makes a failing seed small: as short as it fails, to the second, and without the faults it does not need; and says how to see
/// it again.</summary>
internal static partial class FailureReport
{
    private const int LinesMax = 60;

    /// <summary>Shortens a failure and describes what is left.</summary>
    /// <param name="again">Runs the seed again; a test that broke a part runs it with that part.</param>
    internal static string Of(
        SimulationResult failure, TimeSpan duration, Faults faults, Func<TimeSpan, Faults, SimulationResult>? again = null)
    {
        again ??= (length, allowed) => Simulation.Run(failure.Seed, length, allowed, isShort: failure.Scenario.IsShort);
        var smallest = Shorten(new Shortened(failure, duration, faults), again);        // first: what follows runs less long
        for (var before = default(Shortened); before != smallest;)
        {
            before = smallest;
            smallest = Shorten(WithoutFaults(smallest, again), again);
        }

        return Write(smallest);
    }

    /// <summary>Gives the command that shows a seed again.</summary>
    internal static string Replay(ulong seed, TimeSpan duration, Faults faults, bool isShort)
    {
        var without = Faults.All & ~faults;
        return $"replay: dotnet run -c Release --project tests/Simulation -- --seed {seed} --for {SimulationArguments.Write(duration)}"
            + (isShort ? " --short" : string.Empty)
            + (without == Faults.None ? string.Empty : $" --without {without.ToString().Replace(" ", "", StringComparison.Ordinal)}");
    }

    /// <summary>Gives what kind of failure it is: its words without numbers, ids and names of nodes.</summary>
    internal static string KindOf(SimulationResult result) =>
        result.Violation is null ? string.Empty : Particulars().Replace(result.Violation.Split('\n')[0], "*");

    // Seeds end where they fail: what comes after a violation does not run. A length that fails and one that does not are brought together.
    private static Shortened Shorten(Shortened failing, Func<TimeSpan, Faults, SimulationResult> again)
    {
        var (least, most) = (0L, (long)failing.Duration.TotalSeconds);
        while (least + 1 < most)
        {
            var middle = least + ((most - least) / 2);
            if (Again(failing, TimeSpan.FromSeconds(middle), failing.Faults, again) is { } shorter)
            {
                (failing, most) = (shorter, middle);
            }
            else
            {
                least = middle;
            }
        }

        return failing;
    }

    private static Shortened WithoutFaults(Shortened failing, Func<TimeSpan, Faults, SimulationResult> again)
    {
        foreach (var fault in Enum.GetValues<Faults>().Where(fault => BitOperations.IsPow2((int)fault) && failing.Faults.HasFlag(fault)))
        {
            failing = Again(failing, failing.Duration, failing.Faults & ~fault, again) ?? failing;
        }

        return failing;
    }

    private static Shortened? Again(Shortened failing, TimeSpan duration, Faults faults, Func<TimeSpan, Faults, SimulationResult> again) =>
        again(duration, faults) is { Promise: not null } result && KindOf(result) == KindOf(failing.Result)
            ? new Shortened(result, duration, faults) : null;

    private static string Write(Shortened failure)
    {
        var (result, duration, faults) = failure;
        var text = new StringBuilder();
        text.AppendLine($"seed {result.Seed} broke {result.Violation}");
        text.AppendLine($"  {result.Scenario}");
        text.AppendLine($"  operators: {OperatorPlan.Draw(result.Seed, faults)}");
        var told = result.Lines.Where(line => !line.EndsWith(" step", StringComparison.Ordinal)).TakeLast(LinesMax).ToList();
        text.AppendLine($"  {told.Count} last events of {result.Counts.Events}, {SimulationArguments.Write(duration)} of trouble, {BitOperations.PopCount((uint)faults)} kinds of fault:");
        foreach (var line in told)
        {
            text.AppendLine("  " + line);
        }

        return text.AppendLine(Replay(result.Seed, duration, faults, result.Scenario.IsShort)).ToString();
    }

    [GeneratedRegex("node[A-Z](/[0-9]+)?|[0-9a-fA-F-]{8,}|[0-9]+")]
    private static partial Regex Particulars();

    private sealed record Shortened(SimulationResult Result, TimeSpan Duration, Faults Faults);
}

using System.Text;

namespace Kyberium.Simulation;

/// <summary>Makes a failing seed small: without the faults it does not need, and shorter; and says how to see it again.</summary>
internal static class FailureReport
{
    private const int LinesMax = 60;

    internal static string Of(SimulationResult failure, TimeSpan duration, Faults faults)
    {
        var smallest = failure;
        foreach (var fault in Enum.GetValues<Faults>().Where(fault => fault is not Faults.None and not Faults.All && (faults & fault) != 0))
        {
            if (Again(failure, duration, faults & ~fault) is { } still)
            {
                smallest = still;
                faults &= ~fault;
            }
        }

        for (var shorter = duration / 2; shorter >= TimeSpan.FromSeconds(1); shorter /= 2)
        {
            shorter = TimeSpan.FromSeconds((long)shorter.TotalSeconds);
            if (Again(failure, shorter, faults) is not { } still)
            {
                break;
            }

            (smallest, duration) = (still, shorter);
        }

        return Write(smallest, duration, faults);
    }

    private static SimulationResult? Again(SimulationResult failure, TimeSpan duration, Faults faults) =>
        Simulation.Run(failure.Seed, duration, faults, isShort: failure.Scenario.IsShort) is { } result && result.Promise == failure.Promise ? result : null;

    private static string Write(SimulationResult result, TimeSpan duration, Faults faults)
    {
        var text = new StringBuilder();
        text.AppendLine($"seed {result.Seed} broke {result.Violation}");
        text.AppendLine($"  {result.Scenario}");
        text.AppendLine("  its last events:");
        foreach (var line in result.Lines.Where(line => !line.EndsWith(" step", StringComparison.Ordinal)).TakeLast(LinesMax))
        {
            text.AppendLine("  " + line);
        }

        return text.AppendLine(Replay(result.Seed, duration, faults, result.Scenario.IsShort)).ToString();
    }

    /// <summary>Gives the command that shows a seed again.</summary>
    internal static string Replay(ulong seed, TimeSpan duration, Faults faults, bool isShort)
    {
        var without = Faults.All & ~faults;
        return $"replay: dotnet run -c Release --project tests/Simulation -- --seed {seed} --for {SimulationArguments.Write(duration)}"
            + (isShort ? " --short" : string.Empty)
            + (without == Faults.None ? string.Empty : $" --without {without.ToString().Replace(" ", "", StringComparison.Ordinal)}");
    }
}

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
        Simulation.Run(failure.Seed, duration, faults) is { } result && result.Promise == failure.Promise ? result : null;

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

        var without = Faults.All & ~faults;
        text.Append($"replay: dotnet run -c Release --project tests/Simulation -- --seed {result.Seed} --for {SimulationArguments.Write(duration)}");
        if (without != Faults.None)
        {
            text.Append($" --without {without.ToString().Replace(" ", "", StringComparison.Ordinal)}");
        }

        return text.AppendLine().ToString();
    }
}

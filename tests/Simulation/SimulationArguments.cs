using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Kyberium.Simulation;

/// <summary>The program's arguments.</summary>
internal sealed record SimulationArguments(ulong Seed, int Seeds, TimeSpan Duration, Faults Faults, bool IsQuiet, bool PrintsHistory, int Jobs = 1, bool IsShort = false)
{
    internal const string Usage = "usage: Kyberium.Simulation [--seed S] [--seeds N] [--for 30s|10m|1h] [--short] [--without Fault,Fault] [--jobs N] [--quiet] [--history]";

    internal static bool TryParse(
        IReadOnlyList<string> arguments, [NotNullWhen(true)] out SimulationArguments? parsed, [NotNullWhen(false)] out string? problem)
    {
        parsed = null;
        var result = new SimulationArguments(1, 1, default, Faults.All, false, false);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--quiet")
            {
                result = result with { IsQuiet = true };
                continue;
            }

            if (arguments[i] == "--short")
            {
                result = result with { IsShort = true };
                continue;
            }

            if (arguments[i] == "--history")
            {
                result = result with { PrintsHistory = true };
                continue;
            }

            if (i + 1 == arguments.Count || With(result, arguments[i], arguments[i + 1]) is not { } next)
            {
                problem = $"'{arguments[i]}' is not understood, or its value is missing or malformed";
                return false;
            }

            result = next;
            i++;
        }

        var usual = result.IsShort ? TimeSpan.FromSeconds(10) : TimeSpan.FromMinutes(10);
        (parsed, problem) = (result.Duration == default ? result with { Duration = usual } : result, null);
        return true;
    }

    /// <summary>Writes a duration as <c>--for</c> takes it.</summary>
    internal static string Write(TimeSpan duration) => string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalSeconds}s");

    private static SimulationArguments? With(SimulationArguments before, string name, string value) => name switch
    {
        "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed) => before with { Seed = seed },
        "--seeds" when int.TryParse(value, CultureInfo.InvariantCulture, out var seeds) && seeds > 0 => before with { Seeds = seeds },
        "--jobs" when int.TryParse(value, CultureInfo.InvariantCulture, out var jobs) && jobs is > 0 and <= 256 => before with { Jobs = jobs },
        "--for" when ParseDuration(value) is { } duration => before with { Duration = duration },
        "--without" when Enum.TryParse<Faults>(value, ignoreCase: true, out var without) => before with { Faults = Faults.All & ~without },
        _ => null,
    };

    private static TimeSpan? ParseDuration(string value)
    {
        if (value.Length < 2 || !int.TryParse(value.AsSpan(0, value.Length - 1), CultureInfo.InvariantCulture, out var count) || count <= 0)
        {
            return null;
        }

        return value[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            _ => null,
        };
    }
}

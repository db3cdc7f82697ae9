using System.Globalization;

namespace Kyberium.Curves;

/// <summary>One axis of a panel: what it shows, how, and where its labelled lines are.</summary>
internal sealed record Axis(string Label, bool IsLog, double Low, double High, IReadOnlyList<(double At, string Text)> Ticks)
{
    /// <summary>A logarithmic axis of whole decades around the values.</summary>
    internal static Axis Decades(string label, IEnumerable<double> values, Func<double, string> show)
    {
        var positive = values.Where(value => value > 0).DefaultIfEmpty(1).ToList();
        var low = (int)Math.Floor(Math.Log10(positive.Min()));
        var high = Math.Max((int)Math.Ceiling(Math.Log10(positive.Max())), low + 1);
        return new Axis(label, true, Math.Pow(10, low), Math.Pow(10, high),
            [.. Enumerable.Range(low, high - low + 1).Select(power => Math.Pow(10, power)).Select(value => (value, show(value)))]);
    }

    /// <summary>A linear axis from zero to a round number above the values.</summary>
    internal static Axis FromZero(string label, IEnumerable<double> values, Func<double, string> show)
    {
        var most = values.Where(value => value > 0).DefaultIfEmpty(1).Max();
        var power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        var step = new[] { 0.2, 0.5, 1, 2 }.Select(part => part * power).First(size => most / size <= 5);
        var count = (int)Math.Ceiling(most / step);
        return new Axis(label, false, 0, count * step, [.. Enumerable.Range(0, count + 1).Select(number => (number * step, show(number * step)))]);
    }

    /// <summary>An axis whose labelled lines are the values that occur.</summary>
    internal static Axis At(string label, bool isLog, IEnumerable<double> values, Func<double, string> show)
    {
        var ticks = values.Distinct().Order().DefaultIfEmpty(1).ToList();
        var (low, high) = isLog ? (ticks[0] / 1.3, ticks[^1] * 1.3) : (ticks[0] - (0.05 * ticks[^1]), ticks[^1] * 1.05);
        return new Axis(label, isLog, low, high, [.. ticks.Select(value => (value, show(value)))]);
    }

    /// <summary>Gives where a value lies, from 0 at the low end to 1 at the high one.</summary>
    internal double Share(double value) => IsLog
        ? (Math.Log(Math.Clamp(value, Low, High)) - Math.Log(Low)) / (Math.Log(High) - Math.Log(Low))
        : (Math.Clamp(value, Low, High) - Low) / (High - Low);

    /// <summary>1,200 as "1.2 k".</summary>
    internal static string Count(double value) => Scaled(value, 1_000, ["", " k", " M", " G"]);

    /// <summary>2,048 as "2 KiB".</summary>
    internal static string Bytes(double value) => Scaled(value, 1_024, [" B", " KiB", " MiB", " GiB"]);

    /// <summary>1,500,000 as "1.5 MB".</summary>
    internal static string Payload(double value) => Scaled(value, 1_000, [" B", " kB", " MB", " GB"]);

    /// <summary>Microseconds: 1,500 as "1.5 ms".</summary>
    internal static string Duration(double micros) => micros < 1
        ? (micros * 1_000).ToString("0.#", CultureInfo.InvariantCulture) + " ns"
        : Scaled(micros, 1_000, [" µs", " ms", " s", " ks"]);

    private static string Scaled(double value, double unit, string[] names)
    {
        var at = 0;
        while (value >= unit && at < names.Length - 1)
        {
            value /= unit;
            at++;
        }

        return value.ToString(value < 10 ? "0.##" : "0.#", CultureInfo.InvariantCulture) + names[at];
    }
}

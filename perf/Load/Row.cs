using System.Globalization;

namespace Kyberium.Load;

/// <summary>One measured row: rounds of a rate, time or size, and what it is compared with in the same run.</summary>
internal sealed record Row(string Name, IReadOnlyList<double> Values, string Unit, double? Ceiling = null, string Against = "")
{
    /// <summary>Gets what the design asks of it, if anything.</summary>
    internal Bar? Bar { get; init; }

    /// <summary>Gets a row of sizes that may not exceed a bound, whatever the machine.</summary>
    /// <exception cref="InvalidOperationException">One does.</exception>
    internal static Row Bounded(string name, double value, string unit, double max) => value <= max
        ? new Row(name, [value], unit, max, "its bound")
        : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{name}: {value:0.0} {unit}, at most {max:0.0} are allowed"));

    internal static string Head { get; } = $"{"row",-66} {"median",14} {"min",14} {"max",14}   {"ratio",6}  against / bar";

    internal double Median => Values.Order().ElementAt(Values.Count / 2);

    private double? Ratio => Ceiling is { } ceiling && ceiling > 0 ? Median / ceiling : null;

    public override string ToString()
    {
        var ratio = Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? string.Empty;
        var verdict = Bar is { } bar ? (Against.Length > 0 ? "; " : string.Empty) + bar.Judge(bar.IsOfRatio ? Ratio ?? 0 : Median, bar.IsOfRatio ? string.Empty : Unit) : string.Empty;
        return $"{Name,-66} {Show(Median),14} {Show(Values.Min()),14} {Show(Values.Max()),14}   {ratio,6}  {Against}{verdict}";
    }

    private string Show(double value) => value.ToString(Math.Abs(value) < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture) + " " + Unit;
}

/// <summary>What the design asks of a row's median, or of its ratio. Reported, never a failure: figures move with the machine.</summary>
internal sealed record Bar(double Value, bool IsAtLeast, bool IsOfRatio)
{
    internal static Bar AtLeast(double value) => new(value, true, false);

    internal static Bar AtMost(double value) => new(value, false, false);

    internal static Bar RatioAtLeast(double value) => new(value, true, true);

    internal static Bar RatioAtMost(double value) => new(value, false, true);

    internal string Judge(double measured, string unit)
    {
        var isMet = IsAtLeast ? measured >= Value : measured <= Value;
        return string.Create(CultureInfo.InvariantCulture, $"bar {(IsAtLeast ? "≥" : "≤")} {Value:#,0.##}{(unit.Length > 0 ? " " + unit : " as ratio")}: {(isMet ? "met" : "missed")}");
    }
}

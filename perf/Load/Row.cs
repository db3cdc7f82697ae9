using System.Globalization;

namespace Kyberium.Load;

/// <summary>One measured row: rounds of a rate or size, and what it is compared with in the same run.</summary>
internal sealed record Row(string Name, IReadOnlyList<double> Values, string Unit, double? Ceiling = null, string Against = "")
{
    /// <summary>Gets a row of sizes that may not exceed a bound, whatever the machine.</summary>
    /// <exception cref="InvalidOperationException">One does.</exception>
    internal static Row Bounded(string name, double value, string unit, double max) => value <= max
        ? new Row(name, [value], unit, max, "its bound")
        : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{name}: {value:0.0} {unit}, at most {max:0.0} are allowed"));

    internal double Median => Values.Order().ElementAt(Values.Count / 2);

    public override string ToString()
    {
        var ratio = Ceiling is { } ceiling ? (Median / ceiling).ToString("0.00", CultureInfo.InvariantCulture) : string.Empty;
        return $"{Name,-58} {Show(Median),14} {Show(Values.Min()),14} {Show(Values.Max()),14}   {ratio,6}  {Against}";
    }

    private string Show(double value) => value.ToString(value < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture) + " " + Unit;
}

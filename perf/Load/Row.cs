using System.Globalization;

namespace Kyberium.Load;

/// <summary>One measured row: rounds of a rate or size, and what it is compared with in the same run.</summary>
internal sealed record Row(string Name, IReadOnlyList<double> Values, string Unit, double? Ceiling = null, string Against = "")
{
    internal double Median => Values.Order().ElementAt(Values.Count / 2);

    public override string ToString()
    {
        var ratio = Ceiling is { } ceiling ? (Median / ceiling).ToString("0.00", CultureInfo.InvariantCulture) : string.Empty;
        return $"{Name,-58} {Show(Median),14} {Show(Values.Min()),14} {Show(Values.Max()),14}   {ratio,6}  {Against}";
    }

    private string Show(double value) => value.ToString(value < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture) + " " + Unit;
}

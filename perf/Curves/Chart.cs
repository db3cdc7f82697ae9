using System.Globalization;
using System.Text;

namespace Kyberium.Curves;

/// <summary>A line chart as SVG: a few series over one horizontal axis, each axis linear or logarithmic.</summary>
internal sealed record Chart(string Title, string Horizontal, string Vertical, bool LogHorizontal, bool LogVertical)
{
    private const int Width = 860, Height = 480, Left = 90, Right = 230, Top = 50, Bottom = 60;
    private static readonly string[] Colours = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#34495e"];

    internal List<(string Name, List<(double X, double Y)> Points)> Series { get; } = [];

    internal string Draw()
    {
        var points = Series.SelectMany(series => series.Points).ToList();
        var across = new Axis(points.ConvertAll(point => point.X), LogHorizontal, Left, Width - Right);
        var up = new Axis(points.ConvertAll(point => point.Y), LogVertical, Height - Bottom, Top);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#ffffff\"/>\n<text x=\"{Left}\" y=\"28\" font-size=\"16\">{Title}</text>\n");
        foreach (var tick in across.Ticks())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{across.At(tick):F1} {Top}V{Height - Bottom}\" stroke=\"#dddddd\"/><text x=\"{across.At(tick):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{Show(tick)}</text>\n");
        }

        foreach (var tick in up.Ticks())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {up.At(tick):F1}H{Width - Right}\" stroke=\"#dddddd\"/><text x=\"{Left - 8}\" y=\"{up.At(tick) + 4:F1}\" text-anchor=\"end\">{Show(tick)}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 16}\" text-anchor=\"middle\">{Horizontal}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text transform=\"translate(20 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Vertical}</text>\n");
        for (var i = 0; i < Series.Count; i++)
        {
            var colour = Colours[i % Colours.Length];
            var line = string.Join(' ', Series[i].Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{across.At(point.X):F1},{up.At(point.Y):F1}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n");
            foreach (var (x, y) in Series[i].Points)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{across.At(x):F1}\" cy=\"{up.At(y):F1}\" r=\"3\" fill=\"{colour}\"/>\n");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Width - Right + 16}\" y=\"{Top + (i * 20)}\" width=\"14\" height=\"4\" fill=\"{colour}\"/><text x=\"{Width - Right + 36}\" y=\"{Top + (i * 20) + 7}\">{Series[i].Name}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static string Show(double value) => value switch
    {
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " M",
        >= 1e3 => (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + " k",
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };

    private sealed class Axis
    {
        private readonly bool _log;
        private readonly double _low, _high, _from, _to;

        internal Axis(List<double> values, bool log, double from, double to)
        {
            (_log, _from, _to) = (log, from, to);
            var positive = values.Where(value => !log || value > 0).DefaultIfEmpty(1).ToList();
            _low = log ? Math.Pow(10, Math.Floor(Math.Log10(positive.Min()))) : 0;
            _high = log ? Math.Pow(10, Math.Ceiling(Math.Log10(positive.Max()))) : RoundUp(positive.Max());
            _high = _high > _low ? _high : _low * 10;
        }

        internal double At(double value) => _from + ((_to - _from) * (_log
            ? (Math.Log10(Math.Max(value, _low)) - Math.Log10(_low)) / (Math.Log10(_high) - Math.Log10(_low))
            : (value - _low) / (_high - _low)));

        internal IEnumerable<double> Ticks()
        {
            for (var tick = _log ? _low : _high / 5; tick <= _high * 1.0001; tick = _log ? tick * 10 : tick + (_high / 5))
            {
                yield return tick;
            }
        }

        private static double RoundUp(double value)
        {
            var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
            return Math.Ceiling(value / power) * power;
        }
    }
}

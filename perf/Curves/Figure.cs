using System.Globalization;
using System.Text;

namespace Kyberium.Curves;

/// <summary>One line of a panel. Lines of one name have one colour and one place in the legend of the figure.</summary>
internal sealed record Line(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>One coordinate system.</summary>
internal sealed record Panel(string Title, Axis Across, Axis Up, IReadOnlyList<Line> Lines);

/// <summary>Rows of panels under one title and one legend, as SVG.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Notes">Lines under it: how to read it, where it comes from.</param>
/// <param name="Rows">A row has a label and its panels, from left to right.</param>
internal sealed record Figure(string Title, IReadOnlyList<string> Notes, IReadOnlyList<(string Label, IReadOnlyList<Panel> Panels)> Rows)
{
    private const int NarrowWidth = 290, WideWidth = 350, PanelHeight = 230, RowLabel = 26, Left = 62, Right = 14, Top = 30, Bottom = 46;
    private const int TitleHeight = 34, NoteHeight = 18, NoteCharacterWidth = 6, LegendHeight = 30, WidthMin = 720;
    private static readonly string[] Colours = ["#1b6ca8", "#d68910", "#c0392b", "#2e8b57", "#8e44ad", "#34495e"];

    private int PanelWidth => Columns > 2 ? NarrowWidth : WideWidth;

    private int Columns => Rows.Max(row => row.Panels.Count);

    internal string Draw()
    {
        var names = Rows.SelectMany(row => row.Panels).SelectMany(panel => panel.Lines).Select(line => line.Name).Distinct().ToList();
        var width = Math.Max(RowLabel + (PanelWidth * Columns) + 10, WidthMin);
        var notes = Notes.SelectMany(note => Wrap(note, (width - 24) / NoteCharacterWidth)).ToList();
        var head = TitleHeight + (notes.Count * NoteHeight) + LegendHeight;
        var height = head + (Rows.Count * PanelHeight) + 10;
        var svg = new StringBuilder();
        Append(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#222222\">\n");
        Append(svg, $"<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n<text x=\"12\" y=\"24\" font-size=\"17\" font-weight=\"bold\">{Escape(Title)}</text>\n");
        for (var at = 0; at < notes.Count; at++)
        {
            Append(svg, $"<text x=\"12\" y=\"{TitleHeight + (at * NoteHeight) + 10}\" fill=\"#666666\">{Escape(notes[at])}</text>\n");
        }

        var legend = 12;
        foreach (var name in names)
        {
            Append(svg, $"<path d=\"M{legend} {head - 14}h22\" stroke=\"{Colour(names, name)}\" stroke-width=\"3\"/><text x=\"{legend + 28}\" y=\"{head - 10}\" font-size=\"12\">{Escape(name)}</text>\n");
            legend += 52 + (name.Length * 7);
        }

        for (var row = 0; row < Rows.Count; row++)
        {
            var y = head + (row * PanelHeight);
            Append(svg, $"<text transform=\"translate(18 {y + ((Top + PanelHeight - Bottom) / 2)}) rotate(-90)\" text-anchor=\"middle\" font-size=\"13\" font-weight=\"bold\">{Escape(Rows[row].Label)}</text>\n");
            for (var column = 0; column < Rows[row].Panels.Count; column++)
            {
                Draw(svg, Rows[row].Panels[column], names, RowLabel + (column * PanelWidth), y);
            }
        }

        return svg.Append("</svg>\n").ToString();
    }

    private void Draw(StringBuilder svg, Panel panel, List<string> names, int x, int y)
    {
        int from = x + Left, to = x + PanelWidth - Right, low = y + PanelHeight - Bottom, high = y + Top;
        double Across(double value) => from + ((to - from) * panel.Across.Share(value));
        double Up(double value) => low - ((low - high) * panel.Up.Share(value));
        Append(svg, $"<rect x=\"{from}\" y=\"{high}\" width=\"{to - from}\" height=\"{low - high}\" fill=\"#fafafa\" stroke=\"#bbbbbb\"/>\n<text x=\"{from}\" y=\"{high - 8}\" font-size=\"12\" font-weight=\"bold\">{Escape(panel.Title)}</text>\n");
        foreach (var (at, text) in panel.Across.Ticks)
        {
            Append(svg, $"<path d=\"M{Across(at):F1} {high}V{low}\" stroke=\"#e2e2e2\"/><text x=\"{Across(at):F1}\" y=\"{low + 15}\" text-anchor=\"middle\">{Escape(text)}</text>\n");
        }

        foreach (var (at, text) in panel.Up.Ticks)
        {
            Append(svg, $"<path d=\"M{from} {Up(at):F1}H{to}\" stroke=\"#e2e2e2\"/><text x=\"{from - 5}\" y=\"{Up(at) + 4:F1}\" text-anchor=\"end\">{Escape(text)}</text>\n");
        }

        Append(svg, $"<text x=\"{(from + to) / 2}\" y=\"{low + 32}\" text-anchor=\"middle\" fill=\"#666666\">{Escape(panel.Across.Label)}</text>\n");
        Append(svg, $"<text transform=\"translate({x + 10} {(low + high) / 2}) rotate(-90)\" text-anchor=\"middle\" fill=\"#666666\">{Escape(panel.Up.Label)}</text>\n");
        foreach (var line in panel.Lines)
        {
            var colour = Colour(names, line.Name);
            var points = string.Join(' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{Across(point.X):F1},{Up(point.Y):F1}")));
            Append(svg, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n");
            foreach (var point in line.Points)
            {
                Append(svg, $"<circle cx=\"{Across(point.X):F1}\" cy=\"{Up(point.Y):F1}\" r=\"2.5\" fill=\"{colour}\"/>\n");
            }
        }
    }

    private static IEnumerable<string> Wrap(string text, int length)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + word.Length >= length)
            {
                yield return line.ToString();
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : string.Empty).Append(word);
        }

        yield return line.ToString();
    }

    private static string Colour(List<string> names, string name) => Colours[names.IndexOf(name) % Colours.Length];

    private static void Append(StringBuilder svg, FormattableString text) => svg.Append(FormattableString.Invariant(text));

    private static string Escape(string text) => System.Security.SecurityElement.Escape(text);
}

using System.Globalization;

namespace Kyberium.Curves;

/// <summary>The pictures of a folder, from whatever points it has.</summary>
internal static class Figures
{
    private const int Peak = 100;
    private const int Half = 50;
    private const int UsualSize = 256;

    private static readonly string[] AllModes = ["volatile", "durable"];

    /// <summary>Gives name and SVG of each picture that has points.</summary>
    internal static IEnumerable<(string Name, string Svg)> Of(IReadOnlyCollection<Point> all)
    {
        foreach (var mode in AllModes)
        {
            var points = all.Where(point => point.Key.Mode == mode && point.Key.Shards == UsualShards(all)).ToList();
            var call = mode == "volatile" ? "one awaited seal" : "one durable send until journalled, SQLite with synchronous=FULL; this process receives and acknowledges, too";
            var usual = points.Where(point => point.Key.Bytes == UsualSize).ToList();
            if (usual.Count > 0)
            {
                yield return ($"latency-sessions-{mode}", Latencies(
                    $"Latency against load, {mode}, {UsualSize} B, by sessions", call, usual, point => point.Key.Sessions,
                    sessions => string.Create(CultureInfo.InvariantCulture, $"{sessions:N0} session{(sessions == 1 ? "" : "s")}")));
            }

            var sized = points.Where(point => point.Key.Sessions == SizedSessions(points)).ToList();
            if (sized.Count > 0)
            {
                yield return ($"latency-sizes-{mode}", Latencies(
                    string.Create(CultureInfo.InvariantCulture, $"Latency against load, {mode}, {sized[0].Key.Sessions:N0} sessions, by size"), call, sized,
                    point => point.Key.Bytes, bytes => Axis.Bytes(bytes)));
            }
        }

        if (all.Count > 0)
        {
            yield return ("rate-sizes", BySize(all));
            yield return ("rate-sessions", BySessions(all));
        }

        if (all.Any(point => point.Key.Shards != UsualShards(all)))
        {
            yield return ("rate-shards", ByShards(all));
        }
    }

    private static string Latencies(string title, string call, List<Point> points, Func<Point, int> column, Func<int, string> name)
    {
        var open = points.Where(point => point.Key.Load != Peak).ToList();
        var up = Axis.Decades("latency", open.SelectMany(point => new[] { point.P50 ?? 0, point.P999 ?? 0 }), Axis.Duration);
        var across = Axis.At("offered, % of the peak", isLog: false, open.Select(point => (double)point.Key.Load), value => value.ToString(CultureInfo.InvariantCulture));
        var columns = points.Select(column).Distinct().Order().ToList();
        return Draw(
            title, $"A call is {call}. Above each panel: its peak, from callers that each wait for their answer. Loads are offered open loop; a latency runs from when a call was due.",
            points, Variants(points).Select(variant => (variant.Label, (IReadOnlyList<Panel>)[.. columns
                .Select(value => points.Where(point => variant.Has(point) && column(point) == value).ToList())
                .Where(there => there.Count > 0)
                .Select(there => new Panel(
                    name(column(there[0])) + PeakOf(there), across, up,
                    [
                        Percentile("50th percentile", there, point => point.P50), Percentile("99th", there, point => point.P99),
                        Percentile("99.9th", there, point => point.P999),
                    ]))])));
    }

    private static string BySize(IReadOnlyCollection<Point> all) => Draw(
        "Peak by message size",
        "From callers that each wait for their answer. Left: calls; right: their payload.", all,
        Modes(all).Select(mode =>
        {
            var points = all.Where(point => IsPeak(point, mode) && point.Key.Shards == UsualShards(all)).ToList();
            var sized = points.Where(point => point.Key.Sessions == SizedSessions(points)).ToList();
            var across = Axis.At("bytes of a message", isLog: true, sized.Select(point => (double)point.Key.Bytes), Axis.Bytes);
            return (mode, (IReadOnlyList<Panel>)
            [
                Peaks("messages a second", sized, across, point => point.Key.Bytes, point => point.Achieved, Axis.Count, isLog: true),
                Peaks("payload a second", sized, across, point => point.Key.Bytes, point => point.Achieved * point.Key.Bytes, Axis.Payload, isLog: true),
            ]);
        }));

    private static string BySessions(IReadOnlyCollection<Point> all) => Draw(
        "Peak and latency by sessions, 256 B",
        "Calls go to all sessions alike. Left: the peak; right: the 99th percentile at half of it.", all,
        Modes(all).Select(mode =>
        {
            var points = all.Where(point => point.Key.Mode == mode && point.Key.Bytes == UsualSize && point.Key.Shards == UsualShards(all)).ToList();
            var across = Axis.At("sessions", isLog: true, points.Select(point => (double)point.Key.Sessions), Axis.Count);
            return (mode, Pair(points, across, point => point.Key.Sessions));
        }));

    private static string ByShards(IReadOnlyCollection<Point> all)
    {
        var durable = all.Where(point => point.Key.Mode == "durable" && point.Key.Bytes == UsualSize).ToList();
        var sessions = durable.First(point => point.Key.Shards != UsualShards(all)).Key.Sessions;
        var points = durable.Where(point => point.Key.Sessions == sessions).ToList();
        var across = Axis.At("shards", isLog: true, points.Select(point => (double)point.Key.Shards), Axis.Count);
        return Draw(
            string.Create(CultureInfo.InvariantCulture, $"Peak and latency by shards, durable, 256 B, {sessions:N0} sessions"),
            "All shards of a store share each flush. Left: the peak; right: the 99th percentile at half of it.", points,
            [("durable", Pair(points, across, point => point.Key.Shards))]);
    }

    private static IReadOnlyList<Panel> Pair(List<Point> points, Axis across, Func<Point, double> x) =>
    [
        Peaks("messages a second", [.. points.Where(point => point.Key.Load == Peak)], across, x, point => point.Achieved, Axis.Count, isLog: false),
        Peaks("99th percentile at 50 % load", [.. points.Where(point => point.Key.Load == Half)], across, x, point => point.P99 ?? 0, Axis.Duration, isLog: true),
    ];

    private static Panel Peaks(
        string title, List<Point> points, Axis across, Func<Point, double> x, Func<Point, double> y, Func<double, string> show, bool isLog) => new(
        title, across,
        isLog ? Axis.Decades(string.Empty, points.Select(y), show) : Axis.FromZero(string.Empty, points.Select(y), show),
        [.. Variants(points).Select(variant => new Line(variant.Label, [.. points.Where(variant.Has).OrderBy(x).Select(point => (x(point), y(point)))]))]);

    private static Line Percentile(string name, List<Point> points, Func<Point, double?> latency) => new(
        name, [.. points.Where(point => latency(point) is not null).OrderBy(point => point.Key.Load).Select(point => ((double)point.Key.Load, latency(point)!.Value))]);

    private static string PeakOf(List<Point> points) =>
        points.Find(point => point.Key.Load == Peak) is { } peak ? $": {Axis.Count(peak.Achieved)}/s" : string.Empty;

    private static bool IsPeak(Point point, string mode) => point.Key.Mode == mode && point.Key.Load == Peak;

    private static IEnumerable<string> Modes(IReadOnlyCollection<Point> all) =>
        AllModes.Where(mode => all.Any(point => point.Key.Mode == mode));

    private static IEnumerable<(string Label, Func<Point, bool> Has)> Variants(IReadOnlyCollection<Point> points) => points
        .Select(point => (point.Key.Aead, point.Key.Cores)).Distinct().OrderBy(variant => variant.Cores).ThenByDescending(variant => variant.Aead, StringComparer.Ordinal)
        .Select(variant => (
            $"{variant.Aead}, {variant.Cores} core{(variant.Cores == 1 ? "" : "s")}",
            (Func<Point, bool>)(point => point.Key.Aead == variant.Aead && point.Key.Cores == variant.Cores)));

    private static int UsualShards(IReadOnlyCollection<Point> all) => all.Select(point => point.Key.Shards).DefaultIfEmpty(0).Max();

    /// <summary>The count of sessions over which the most sizes were measured.</summary>
    private static int SizedSessions(List<Point> points) => points.GroupBy(point => point.Key.Sessions)
        .OrderByDescending(group => group.Select(point => point.Key.Bytes).Distinct().Count()).Select(group => group.Key).FirstOrDefault();

    private static string Draw(
        string title, string reading, IReadOnlyCollection<Point> points, IEnumerable<(string Label, IReadOnlyList<Panel> Panels)> rows)
    {
        var loads = points.Select(point => double.TryParse(point.LoadAverage, CultureInfo.InvariantCulture, out var load) ? load : 0).ToList();
        var commits = string.Join(", ", points.OrderByDescending(point => point.Taken, StringComparer.Ordinal).Select(point => point.Commit).Distinct());
        return new Figure(
            title,
            [reading, string.Create(CultureInfo.InvariantCulture, $"Commit {commits}; load average of the machine meanwhile {loads.Min():0.0} to {loads.Max():0.0}. Figures: curves.csv.")],
            [.. rows]).Draw();
    }
}

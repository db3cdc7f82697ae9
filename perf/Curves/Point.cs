using System.Globalization;

namespace Kyberium.Curves;

/// <summary>What was measured and under which circumstances: equal keys are the same point, measured again.</summary>
/// <param name="Load">The share of the peak that was offered, in percent; 100: the peak itself, from callers that each wait for their answer.</param>
internal sealed record PointKey(string Aead, int Cores, string Mode, int Sessions, int Bytes, int Shards, int Load);

/// <summary>A point of a curve. Latencies in microseconds, from when a call was due; none where callers waited for each other.</summary>
internal sealed record Point(PointKey Key, double Asked, double Achieved, double? P50, double? P99, double? P999, string Commit, string Taken, string LoadAverage)
{
    internal const string Head = "aead,cores,mode,sessions,bytes,shards,load_percent,asked_per_s,achieved_per_s,p50_us,p99_us,p999_us,commit,taken_utc,load_average";

    internal string ToCsv() => string.Create(CultureInfo.InvariantCulture,
        $"{Key.Aead},{Key.Cores},{Key.Mode},{Key.Sessions},{Key.Bytes},{Key.Shards},{Key.Load},{Asked:F0},{Achieved:F0},{P50:F1},{P99:F1},{P999:F1},{Commit},{Taken},{LoadAverage}");

    /// <exception cref="FormatException">The line is not what <see cref="ToCsv"/> writes.</exception>
    internal static Point Parse(string line)
    {
        var cells = line.Split(',');
        if (cells.Length != Head.Split(',').Length)
        {
            throw new FormatException($"'{line}' is not a point");
        }

        int Count(int at) => int.Parse(cells[at], CultureInfo.InvariantCulture);
        double Number(int at) => double.Parse(cells[at], CultureInfo.InvariantCulture);
        double? Latency(int at) => cells[at].Length == 0 ? null : Number(at);
        return new Point(
            new PointKey(cells[0], Count(1), cells[2], Count(3), Count(4), Count(5), Count(6)),
            Number(7), Number(8), Latency(9), Latency(10), Latency(11), cells[12], cells[13], cells[14]);
    }
}

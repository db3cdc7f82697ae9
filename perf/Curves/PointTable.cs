namespace Kyberium.Curves;

/// <summary>The points of a folder: those measured before stay until they are measured anew, as long as the machine is the same.</summary>
internal sealed class PointTable
{
    private const string FileName = "curves.csv";
    private const string MachineHead = "# machine: ";

    private readonly string _machine;
    private readonly Dictionary<PointKey, Point> _points = [];

    private PointTable(string machine) => _machine = machine;

    internal IReadOnlyCollection<Point> Points => _points.Values;

    internal static PointTable Read(string folder, string machine)
    {
        var table = new PointTable(machine);
        var file = Path.Combine(folder, FileName);
        if (File.Exists(file) && File.ReadAllLines(file) is var lines && lines.Contains(MachineHead + machine))
        {
            foreach (var line in lines.Where(line => line.Length > 0 && !line.StartsWith('#') && line != Point.Head))
            {
                table.Add(Point.Parse(line));
            }
        }

        return table;
    }

    internal void Add(Point point) => _points[point.Key] = point;

    internal void Write(string folder, string command) => File.WriteAllLines(
        Path.Combine(folder, FileName),
        [
            MachineHead + _machine,
            "# last command: " + command,
            "# A row's commit, time and load average are its own: rows that a later run did not measure stay. A plus: files differed from the commit.",
            "# Load 100 is the peak: as many callers as help, each waiting for its answer. Others are offered open loop, as Poisson arrivals at that share of it.",
            "# A latency runs from when a call was due. Durable ones include up to 1.1 ms until the one thread that makes all calls wakes.",
            Point.Head,
            .. _points.Values.OrderBy(point => point.Key.Mode, StringComparer.Ordinal).ThenBy(point => point.Key.Aead, StringComparer.Ordinal).ThenBy(point => point.Key.Cores)
                .ThenBy(point => point.Key.Shards).ThenBy(point => point.Key.Bytes).ThenBy(point => point.Key.Sessions).ThenBy(point => point.Key.Load)
                .Select(point => point.ToCsv()),
        ]);
}

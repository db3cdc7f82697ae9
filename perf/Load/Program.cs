using System.Diagnostics;
using System.Globalization;
using Kyberium.Load;
using Kyberium.Measuring;

// Runs the rows of the design's table against running engines and prints each beside its bar, and beside its ceiling or neighbour, measured in the same process:
//   dotnet run -c Release --project perf/Load -- [--quick] [--peers N] [--stored N] [--aead platform,intrinsics] [--rows GROUP,...]
var groups = new (string Name, Func<LoadOptions, Task<IReadOnlyList<Row>>> Run)[]
{
    ("kem", KemRows.RunAsync),
    ("handshake", HandshakeRows.RunAsync),
    ("secrets", SecretRows.RunAsync),
    ("adding", AddingRows.RunAsync),
    ("setup", SetupRows.RunAsync),
    ("aead", AeadRows.RunAsync),
    ("traffic", TrafficRows.RunAsync),
    ("turns", TurnRows.RunAsync),
    ("awaited", AwaitedRows.RunAsync),
    ("neighbours", NeighbourRows.RunAsync),
    ("send", DurableRows.SendAloneAsync),
    ("postgresql", PostgreSqlRows.RunAsync),
    ("half", HalfLoadRows.RunAsync),
    ("durable", DurableRows.RunAsync),
    ("burst", BurstRows.RunAsync),
    ("memory", MemoryRows.RunAsync),
    ("cold", ColdRows.RunAsync),
    ("recovery", RecoveryRows.RunAsync),
    ("ready", ReadyRows.RunAsync),
    ("forwarding", ForwardingRows.RunAsync),
    ("cluster", ClusterRows.RunAsync),
    ("costs", ClusterCostRows.RunAsync),
};
LoadOptions options;
try
{
    options = LoadOptions.Parse(args);
    if (options.Groups?.Except(groups.Select(group => group.Name)).FirstOrDefault() is { } unknown)
    {
        throw new ArgumentException($"'{unknown}' is no group of rows; there are {string.Join(',', groups.Select(group => group.Name))}");
    }
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

Console.WriteLine(Machine.Describe(args));
if (options.Quick)
{
    Console.WriteLine("# --quick: shows that every row runs; its figures mean nothing");
}

Console.WriteLine(Row.Head);
var failed = false;
foreach (var (name, run) in groups.Where(group => options.Groups?.Contains(group.Name) != false))
{
    var watch = Stopwatch.StartNew();
    try
    {
        foreach (var row in await run(options))
        {
            Console.WriteLine(row);
        }
    }
#pragma warning disable CA1031 // Told, and the exit code says it: what the other groups measure is worth having all the same.
    catch (Exception failure)
    {
        Console.Error.WriteLine($"{name}: {failure}");
        failed = true;
    }
#pragma warning restore CA1031

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"# {name}: {watch.Elapsed.TotalSeconds:0} s, load average {Machine.LoadAverage}"));
}

return failed ? 1 : 0;

using Kyberium.Load;

// Runs rows of the design's table against a running engine and prints each beside its ceiling, measured in the same process.
//   dotnet run -c Release --project perf/Load -- [--quick] [--peers N] [--aead platform,intrinsics] [--rows aead,traffic,send,durable,memory,recovery]
var options = LoadOptions.Parse(args);
Console.WriteLine(Machine.Describe(args));
var rows = new (string Name, Func<LoadOptions, Task<IReadOnlyList<Row>>> Run)[]
{
    ("aead", AeadRows.RunAsync),
    ("traffic", TrafficRows.RunAsync),
    ("send", DurableRows.SendAloneAsync),
    ("durable", DurableRows.RunAsync),
    ("memory", MemoryRows.RunAsync),
    ("recovery", RecoveryRows.RunAsync),
};
Console.WriteLine($"{"row",-58} {"median",14} {"min",14} {"max",14}   {"ratio",6}  against");
foreach (var (name, run) in rows)
{
    if (options.Rows is null || options.Rows.Contains(name))
    {
        foreach (var row in await run(options))
        {
            Console.WriteLine(row);
        }
    }
}

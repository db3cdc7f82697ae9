using System.Globalization;
using Kyberium.Timing;

// Looks for time that depends on a secret, by statistics:
//   dotnet run -c Release --project perf/Timing -- [--count 1000000] [--seed 1] [--only TEXT] [--quick]
// Exit code 0: no leak seen and the control found; 1 otherwise. --quick measures next to nothing, and only shows that every row runs.
var isQuick = args.Contains("--quick");
var count = Number("--count", isQuick ? 200 : 1_000_000);
var seed = Number("--seed", 1);
var only = Option("--only");
var asExpected = true;
Console.WriteLine($"{"operation: class 0, class 1",-82} {"measured",10} {"max |t|",10}   at {Measurement.Threshold} or more it leaks");
foreach (var subject in TimingSubjects.All())
{
    if (only is null || subject.Name.Contains(only, StringComparison.OrdinalIgnoreCase))
    {
        var result = Measurement.Run(subject, count, seed);
        asExpected &= result.IsAsExpected;
        Console.WriteLine(result);
    }
}

return asExpected || isQuick ? 0 : 1;

string? Option(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

int Number(string name, int fallback) => Option(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kyberium.Mutation;

/// <summary>The mutants of dotnet-stryker's report (mutation-testing-report-schema), and what became of them.</summary>
internal sealed class MutantReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private MutantReport(IReadOnlyList<Mutant> mutants) => Mutants = mutants;

    internal IReadOnlyList<Mutant> Mutants { get; }

    /// <param name="only">Parts of the paths of the files that count.</param>
    /// <param name="every">1 for all mutants, 5 for a sample of every fifth.</param>
    internal static MutantReport Read(string file, string[] only, int every)
    {
        var mutants = new List<Mutant>();
        foreach (var (path, node) in JsonNode.Parse(File.ReadAllText(file))!["files"]!.AsObject())
        {
            if (!only.Any(part => path.Contains(part, StringComparison.Ordinal)))
            {
                continue;
            }

            foreach (var mutant in node!["mutants"]!.AsArray())
            {
                mutants.Add(new Mutant
                {
                    Id = int.Parse(mutant!["id"]!.GetValue<string>(), CultureInfo.InvariantCulture),
                    File = path[(path.IndexOf("/area/", StringComparison.Ordinal) + 6)..],
                    Line = mutant["location"]!["start"]!["line"]!.GetValue<int>(),
                    Column = mutant["location"]!["start"]!["column"]!.GetValue<int>(),
                    Mutator = mutant["mutatorName"]!.GetValue<string>(),
                    Replacement = mutant["replacement"]?.GetValue<string>() ?? "",
                    Status = mutant["status"]!.GetValue<string>() is "CompileError" or "Ignored" ? mutant["status"]!.GetValue<string>() : "Pending",
                });
            }
        }

        return new MutantReport([.. mutants.Where((mutant, place) => !mutant.IsOpen || place % every == 0)]);
    }

    /// <summary>Takes over from an earlier run what it killed.</summary>
    internal void TakeVerdicts(string results)
    {
        var earlier = JsonSerializer.Deserialize<List<Mutant>>(File.ReadAllText(results))!.DistinctBy(mutant => mutant.Change).ToDictionary(mutant => mutant.Change);
        foreach (var mutant in Mutants)
        {
            if (earlier.TryGetValue(mutant.Change, out var before) && before is { Status: "Killed" or "Timeout" })
            {
                (mutant.Status, mutant.By) = (before.Status, before.By);
            }
        }
    }

    internal void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(Mutants, Indented));

    /// <summary>Prints a row for each folder: what was built, and what became of it.</summary>
    internal static void PrintTable(IEnumerable<string> files)
    {
        var mutants = files.SelectMany(file => JsonSerializer.Deserialize<List<Mutant>>(File.ReadAllText(file))!).ToList();
        Console.WriteLine("| files | mutants | killed | timeouts | survived | not reached |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var file in mutants.Where(mutant => mutant.IsRun).GroupBy(mutant => mutant.File).OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            int Of(string status) => file.Count(mutant => mutant.Status == status);
            Console.WriteLine(
                $"| `{file.Key}` | {file.Count()} | {Of("Killed")} | {Of("Timeout")} | {Of("Survived")} | {Of("NoCoverage")} |");
        }

        foreach (var mutant in mutants.Where(mutant => mutant.Status is "Survived" or "NoCoverage"))
        {
            Console.WriteLine($"{mutant.Status} {mutant.Place} {mutant.Mutator}: {mutant.Replacement.ReplaceLineEndings(" ")}");
        }
    }
}

/// <summary>One change to one place.</summary>
internal sealed class Mutant
{
    public required int Id { get; init; }

    public required string File { get; init; }

    public required int Line { get; init; }

    public required int Column { get; init; }

    public required string Mutator { get; init; }

    public required string Replacement { get; init; }

    public required string Status { get; set; }

    /// <summary>Gets or sets the test that noticed it, and how.</summary>
    public string By { get; set; } = "";

    /// <summary>Gets what tells it from others, of another run of dotnet-stryker too: that numbers anew.</summary>
    internal (string, int, int, string, string) Change => (File, Line, Column, Mutator, Replacement);

    internal string Place => $"{File}({Line},{Column})";

    /// <summary>Gets whether the assembly holds it and no run has killed it: those that do not compile, or that another change covers,
    /// are not in it.</summary>
    internal bool IsOpen => Status == "Pending";

    internal bool IsRun => Status is "Killed" or "Timeout" or "Survived" or "NoCoverage";
}

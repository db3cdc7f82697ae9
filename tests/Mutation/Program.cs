using System.Globalization;

namespace Kyberium.Mutation;

/// <summary>Runs the tests of a folder against each mutant that dotnet-stryker built into an assembly in it (docs/contributing/mutation.md).</summary>
internal static class Program
{
    private const string Usage = """
        usage: Kyberium.Mutation run <folder> <mutation-report.json> <results.json> [--only <parts of files' paths>]
                   [--limit <ms>] [--with <parts of tests' names>] [--without <parts of tests' names>] [--every <n>] [--again]
               Kyberium.Mutation table <results.json>...
        """;

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["worker", var folder, var coverage, .. var mutants]:
                Worker.Run(folder, coverage, [.. mutants.Select(Number)]);
                return 0;
            case ["coverage", var folder, var file, var with, var without]:
                Coverage.Measure(TestAssembly.Load(folder), with.Split(','), without.Split(',')).Write(file);
                return 0;
            case ["run", var folder, var report, var results, .. var options]:
                return Supervise(folder, report, results, options);
            case ["table", .. var files] when files.Length > 0:
                MutantReport.PrintTable(files);
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static int Supervise(string folder, string report, string results, string[] options)
    {
        var supervisor = new Supervisor(
            folder, Option(options, "--limit") is { } limit ? Number(limit) : 3_000, Option(options, "--with") ?? "", Option(options, "--without") ?? "-");
        var mutants = MutantReport.Read(
            report, Option(options, "--only")?.Split(',') ?? [""], Option(options, "--every") is { } every ? Number(every) : 1);
        return supervisor.Run(mutants, results, again: options.Contains("--again"));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string? Option(string[] options, string name) =>
        Array.IndexOf(options, name) is var at and >= 0 && at + 1 < options.Length ? options[at + 1] : null;
}

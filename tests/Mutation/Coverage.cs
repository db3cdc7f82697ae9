using System.Diagnostics;
using System.Text.Json;

namespace Kyberium.Mutation;

/// <summary>Which mutants each test passes, and how long it takes without any.</summary>
/// <param name="Tests">By the tests' names.</param>
/// <param name="OfInitializers">Mutants in what runs once in a process: each needs a process of its own and every test.</param>
internal sealed record Coverage(Dictionary<string, TestCoverage> Tests, int[] OfInitializers)
{
    /// <summary>Runs every test with one of <paramref name="with"/> in its name, and none of <paramref name="without"/>, once without a mutant.</summary>
    internal static Coverage Measure(TestAssembly assembly, string[] with, string[] without)
    {
        var tests = new Dictionary<string, TestCoverage>();
        var initial = new HashSet<int>();
        assembly.Mutants.Activate(-1);
        assembly.Mutants.Capture(on: true);
        bool Has(TestCase test, string[] parts) => parts.Any(part => test.Name.Contains(part, StringComparison.Ordinal));
        foreach (var test in assembly.Tests.Where(test => Has(test, with) && !Has(test, without)))
        {
            assembly.Mutants.TakePassed();
            var started = Stopwatch.GetTimestamp();
            try
            {
                test.RunAsync().GetAwaiter().GetResult();
            }
#pragma warning disable CA1031 // Whatever it fails with, it cannot tell a mutant from none, and its name is printed.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Console.WriteLine($"left out, fails without a mutant: {test.Name}: {failure.Message}");
                continue;
            }

            var took = Stopwatch.GetElapsedTime(started);
            var (all, ofInitializers) = assembly.Mutants.TakePassed();
            initial.UnionWith(ofInitializers);
            tests.Add(test.Name, new TestCoverage((long)took.TotalMilliseconds, all));
        }

        return new Coverage(tests, [.. initial]);
    }

    internal static Coverage Read(string file) => JsonSerializer.Deserialize<Coverage>(File.ReadAllText(file))!;

    internal void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));
}

/// <summary>What one test does without a mutant.</summary>
/// <param name="Millis">How long it takes.</param>
/// <param name="Mutants">The mutants it passes.</param>
internal sealed record TestCoverage(long Millis, int[] Mutants);

using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: what README.md shows compiles and what it names is there.</summary>
public sealed partial class ReadmeTests
{
    private const string Sample = "samples/Standalone/Program.cs";

    private static readonly string Readme = SourceTree.Read("README.md");

    [Fact]
    public void The_example_is_part_of_a_sample_that_is_run_in_under_ten_lines()
    {
        var shown = CSharpBlock().Match(Readme).Groups[1].Value;
        var run = Run().Match(SourceTree.Read(Sample)).Groups[1].Value;

        Assert.InRange(shown.Count('\n'), 5, 9);
        Assert.Equal(run, shown);
        Assert.Contains($"({Sample})", Readme, StringComparison.Ordinal);
        Assert.Contains("[InlineData(\"Standalone\"", SourceTree.Read("tests/Samples/SampleTests.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_library_is_listed() => Assert.All(
        Libraries.Projects,
        library => Assert.Contains($"| `{Path.GetDirectoryName(library.Value)!.Replace('\\', '/')}` |", Readme, StringComparison.Ordinal));

    [Fact]
    public void The_commands_are_there()
    {
        Assert.True(File.Exists(SourceTree.Path("tests/run.sh")));
        Assert.True(Directory.Exists(SourceTree.Path("src/Host")));
        Assert.Contains("tests/run.sh", SourceTree.Read(".ci/run"), StringComparison.Ordinal);
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("// Example begins\\.\n(.*?)// Example ends\\.", RegexOptions.Singleline)]
    private static partial Regex Run();
}

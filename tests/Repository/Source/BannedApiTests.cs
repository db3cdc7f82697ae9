using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Source;

/// <summary>Goal: what a simulator cannot repeat is banned in the engine by its build, and each exception is known here.</summary>
public sealed partial class BannedApiTests
{
    private static readonly string[] Symbols = SourceTree.Read("src/Engine/BannedSymbols.txt").TrimEnd('\n').Split('\n');

    [Theory]
    [InlineData("P:System.DateTime.UtcNow")]
    [InlineData("P:System.DateTimeOffset.UtcNow")]
    [InlineData("P:System.Environment.TickCount64")]
    [InlineData("T:System.Diagnostics.Stopwatch")]
    [InlineData("T:System.Random")]
    [InlineData("M:System.Guid.NewGuid")]
    [InlineData("T:System.Threading.ThreadPool")]
    [InlineData("T:System.Threading.Thread")]
    [InlineData("M:System.Threading.Tasks.Task.Run(System.Action)")]
    public void Clocks_randomness_and_threads_are_banned(string symbol) =>
        Assert.Contains(Symbols, line => line.StartsWith(symbol + ";", StringComparison.Ordinal));

    [Fact]
    public void Every_ban_names_its_replacement() => Assert.All(Symbols, line => Assert.Matches(@"^[TMPF]:\S+;\w.{10,}$", line));

    [Fact]
    public void The_build_reads_the_bans()
    {
        var project = SourceTree.Read("src/Engine/Kyberium.Engine.csproj");

        Assert.Contains("<PackageReference Include=\"Microsoft.CodeAnalysis.BannedApiAnalyzers\"", project, StringComparison.Ordinal);
        Assert.Contains("<AdditionalFiles Include=\"BannedSymbols.txt\" />", project, StringComparison.Ordinal);
        Assert.DoesNotContain(SourceTree.Files, file => file.EndsWith(".editorconfig", StringComparison.Ordinal)
            && SourceTree.Read(file).Contains("RS0030", StringComparison.Ordinal));
    }

    [Fact]
    public void Exceptions_are_the_seams_own_ends()
    {
        var lifted = SourceTree.Below("src/Engine", ".cs").Where(file => Lifted().IsMatch(SourceTree.Read(file)));

        Assert.Equal(
            [
                "src/Engine/Contracts/EngineScheduler.cs", "src/Engine/Cryptography/SystemEntropy.cs",
                "src/Engine/Keyring/FileKeyringOptions.cs", "src/Engine/Options/EngineParts.cs",
            ],
            lifted);
    }

    [GeneratedRegex(@"pragma warning disable .*RS0030|SuppressMessage\([^)]*RS0030")]
    private static partial Regex Lifted();
}

namespace Kyberium.Repository.Tests.Source;

/// <summary>Goal: Sessions and Wire decide; they do not wait, look at a clock, draw, log or touch a disk or a network.</summary>
public sealed class PurityTests
{
    // System.Environment is missing: iterators ask it for the thread. Its clock is banned in BannedSymbols.txt.
    // A lock is no wait for the world: traffic shares an epoch's secrets with the turn.
    private static readonly string[] Locks = ["System.Threading.Monitor", "System.Threading.Lock"];

    private static readonly string[] Impure =
    [
        "System.IO.", "System.Net.", "System.Threading.", "System.Diagnostics.Process", "System.Diagnostics.Stopwatch",
        "System.Diagnostics.Metrics.", "System.TimeProvider", "System.DateTime", "System.DateTimeOffset", "System.Random",
        "System.Console", "System.Security.Cryptography.RandomNumberGenerator", "Microsoft.Extensions.",
    ];

    [Theory]
    [InlineData("Sessions")]
    [InlineData("Wire")]
    public void A_pure_folder_names_nothing_that_waits_or_touches_the_world(string folder)
    {
        var references = TypeReferences.Of(EngineFolders.AssemblyPath)
            .Where(reference => EngineFolders.Declared.GetValueOrDefault(reference.From) == folder).ToList();
        var offending = references
            .Where(reference => !Locks.Contains(reference.To, StringComparer.Ordinal))
            .Where(reference => Impure.Any(prefix => reference.To.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(reference => $"{reference.From} -> {reference.To}").Order().ToList();

        Assert.True(references.Count > 100, $"only {references.Count} references were read");
        Assert.True(offending.Count == 0, "these are not pure:\n" + string.Join('\n', offending));
    }
}

using System.Collections.Immutable;

namespace Kyberium.Engine.Templates;

/// <summary>How templates name suites: by the KEM in their Noise name.</summary>
internal static class SuiteNames
{
    private static readonly ImmutableArray<(string Name, Suite Suite)> Named =
    [
        ("MLKEM768P256", Suite.MLKem768P256),
        ("MLKEM1024P384", Suite.MLKem1024P384),
        ("MLKEM512", Suite.MLKem512),
        ("MLKEM768", Suite.MLKem768),
        ("MLKEM1024", Suite.MLKem1024),
    ];

    internal static int Count => Named.Length;

    internal static IEnumerable<string> All => Named.Select(entry => entry.Name);

    internal static Suite? Find(string name)
    {
        foreach (var entry in Named)
        {
            if (entry.Name == name)
            {
                return entry.Suite;
            }
        }

        return null;
    }

    internal static string NameOf(Suite suite) => Named.First(entry => entry.Suite == suite).Name;

    internal static bool IsHybrid(Suite suite) => suite is Suite.MLKem768P256 or Suite.MLKem1024P384;
}

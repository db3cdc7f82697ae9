using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Source;

/// <summary>The folders of src/Engine in the order of docs/decisions/0002-folders.md, and which type is declared where.</summary>
internal static partial class EngineFolders
{
    internal const string Entry = "the entry type";

    /// <summary>A folder may use those before it, never those after.</summary>
    internal static readonly IReadOnlyList<string> Order =
    [
        "Contracts", "Settings", "Diagnostics", "Cryptography", "Keyring", "Wire", "Templates", "Sessions", "Journal", "Audit",
        "Identities", "Placement", "Links", "Shards", "Forwarding", "Pipelines", "Options", Entry,
    ];

    /// <summary>Gets the folder of each top-level type by its metadata name.</summary>
    internal static IReadOnlyDictionary<string, string> Declared { get; } = Scan();

    internal static string AssemblyPath => typeof(Kyberium.Engine.SessionEngine).Assembly.Location;

    internal static string FolderOf(string sourceFile)
    {
        var parts = sourceFile.Split('/');
        return parts.Length == 3 ? Entry : parts[2];    // src/Engine/X.cs or src/Engine/<folder>/...
    }

    internal static int Level(string folder) => Order.Index().Single(entry => entry.Item == folder).Index;

    private static Dictionary<string, string> Scan()
    {
        var declared = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in SourceTree.Below("src/Engine", ".cs"))
        {
            var text = SourceTree.Read(file);
            if (NamespaceLine().Match(text) is not { Success: true } space)
            {
                continue;
            }

            foreach (Match match in Declaration().Matches(text))
            {
                var arity = match.Groups[2].Success ? "`" + (match.Groups[2].Value.Count(',') + 1) : "";
                declared[$"{space.Groups[1].Value}.{match.Groups[1].Value}{arity}"] = FolderOf(file);
            }
        }

        return declared;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(
        @"^(?:public |internal |file |sealed |static |abstract |partial |readonly |ref |unsafe )*"
        + @"(?:class|struct|interface|enum|record struct|record class|record|delegate [^(\n]*?) ?\b(\w+)(<[^>(\n]*>)?",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();
}

using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Source;

/// <summary>Goal: inside src/Engine every folder looks up only (docs/decisions/0002-folders.md). Method: the compiled
/// references of every type, mapped to the folders their types are declared in, and the using lines of the source.</summary>
public sealed partial class FolderRuleTests
{
    [Fact]
    public void Every_folder_has_a_place_in_the_order()
    {
        var folders = SourceTree.Below("src/Engine", ".cs").Select(EngineFolders.FolderOf).Distinct();

        Assert.Empty(folders.Except(EngineFolders.Order));
    }

    [Fact]
    public void Every_compiled_type_is_found_in_the_source()
    {
        var compiled = TypeReferences.Of(EngineFolders.AssemblyPath).Select(reference => reference.From).Where(IsWritten).ToHashSet();

        Assert.True(compiled.Count > 250, $"only {compiled.Count} types were read");
        Assert.Empty(compiled.Except(EngineFolders.Declared.Keys));
    }

    [Fact]
    public void No_type_refers_to_a_folder_below_its_own()
    {
        var references = TypeReferences.Of(EngineFolders.AssemblyPath)
            .Where(reference => IsWritten(reference.From) && EngineFolders.Declared.ContainsKey(reference.To))
            .Select(reference => (Reference: reference, From: EngineFolders.Declared[reference.From], To: EngineFolders.Declared[reference.To]))
            .ToList();
        var offending = references.Where(pair => EngineFolders.Level(pair.To) > EngineFolders.Level(pair.From))
            .Select(pair => $"{pair.From}: {pair.Reference.From} -> {pair.To}: {pair.Reference.To}").Order().ToList();

        Assert.True(references.Count > 1_000, $"only {references.Count} references were read");
        Assert.True(offending.Count == 0, "these look down:\n" + string.Join('\n', offending));
    }

    [Fact]
    public void No_using_line_names_a_folder_below()
    {
        var offending = new List<string>();
        foreach (var file in SourceTree.Below("src/Engine", ".cs"))
        {
            foreach (Match match in Using().Matches(SourceTree.Read(file)))
            {
                if (EngineFolders.Level(match.Groups[1].Value) > EngineFolders.Level(EngineFolders.FolderOf(file)))
                {
                    offending.Add($"{file}: {match.Value}");
                }
            }
        }

        Assert.True(offending.Count == 0, "these look down:\n" + string.Join('\n', offending));
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var offending = new List<string>();
        foreach (var (type, folder) in EngineFolders.Declared)
        {
            var space = type[..type.LastIndexOf('.')];
            var follows = folder != EngineFolders.Entry && (space + ".").StartsWith($"Kyberium.Engine.{folder}.", StringComparison.Ordinal);
            var isPublic = typeof(Kyberium.Engine.SessionEngine).Assembly.GetType(type)?.IsPublic == true;
            var mayLieInTheRoot = isPublic || folder is "Contracts" or "Options" or EngineFolders.Entry;
            // AddKyberium lies where every library's registration is found without another using line.
            var isRegistration = type == "Microsoft.Extensions.DependencyInjection.KyberiumServices";
            if (!follows && !isRegistration && !(space == "Kyberium.Engine" && mayLieInTheRoot))
            {
                offending.Add($"{folder}: {type}");
            }
        }

        Assert.True(offending.Count == 0, "these have another namespace than their folder:\n" + string.Join('\n', offending));
    }

    [Fact]
    public void The_order_is_the_one_of_the_decision()
    {
        var decision = Regex.Replace(SourceTree.Read("docs/decisions/0002-folders.md"), @"\s+", " ");

        Assert.Contains(string.Join(" → ", EngineFolders.Order), decision, StringComparison.Ordinal);
    }

    private static bool IsWritten(string type) =>
        type.StartsWith("Kyberium.", StringComparison.Ordinal) && !type.Contains('<', StringComparison.Ordinal);

    [GeneratedRegex(@"^using (?:static |\w+ = )?Kyberium\.Engine\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Using();
}

using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: a reader who starts at README.md finds every document, and no link leads nowhere.</summary>
public sealed partial class DocumentLinkTests
{
    // A SOURCE.md says where the data beside it comes from; THIRD-PARTY-NOTICES.md lists those of others.
    private static readonly IReadOnlyList<string> Documents =
    [
        .. SourceTree.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal)
            && !file.StartsWith("tests/Vectors/", StringComparison.Ordinal) && Path.GetFileName(file) != "SOURCE.md"),
    ];

    [Fact]
    public void Every_document_is_reached_from_the_readme()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(["README.md"]);
        while (open.TryDequeue(out var document))
        {
            if (reached.Add(document) && document.EndsWith(".md", StringComparison.Ordinal) && Documents.Contains(document))
            {
                foreach (var link in Links(document))
                {
                    open.Enqueue(link.Target);
                }
            }
        }

        Assert.True(Documents.Count > 20, $"only {Documents.Count} documents were found");
        Assert.Empty(Documents.Except(reached));
    }

    [Fact]
    public void Every_link_leads_to_a_file_or_folder_of_the_tree()
    {
        var dead = Documents.SelectMany(Links)
            .Where(link => !File.Exists(SourceTree.Path(link.Target)) && !Directory.Exists(SourceTree.Path(link.Target)))
            .Select(link => $"{link.From}: {link.Target}");

        Assert.Empty(dead);
    }

    [Fact]
    public void Every_file_of_the_source_that_a_document_names_exists()
    {
        var missing = new List<string>();
        foreach (var document in Documents)
        {
            foreach (Match match in NamedFile().Matches(SourceTree.Read(document)))
            {
                var named = match.Groups[1].Value;
                if (!File.Exists(SourceTree.Path(named)) && !Directory.Exists(SourceTree.Path(named)))
                {
                    missing.Add($"{document}: {named}");
                }
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void Every_decision_says_whether_it_holds_what_why_and_what_follows() => Assert.All(
        SourceTree.Below("docs/decisions", ".md"),
        file =>
        {
            var text = SourceTree.Read(file);
            Assert.Matches(@"^# \d{4} \w", text);
            Assert.StartsWith(Path.GetFileName(file)[..4], text[2..], StringComparison.Ordinal);
            Assert.Contains("\n\n**Status:** ", text, StringComparison.Ordinal);
            Assert.Equal(
                ["## What was decided", "## Why", "## What follows"],
                text.Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Take(3));
        });

    private static IEnumerable<(string From, string Target)> Links(string document)
    {
        var folder = Path.GetDirectoryName(SourceTree.Path(document))!;
        foreach (Match match in Link().Matches(SourceTree.Read(document)))
        {
            var target = match.Groups[1].Value.Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal))
            {
                yield return (document, SourceTree.Relative(Path.GetFullPath(Path.Join(folder, target))).TrimEnd('/'));
            }
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|docs|hocon|samples|perf)/[\w./-]+?\.(?:cs|md|conf|json|txt|sh|csproj))`")]
    private static partial Regex NamedFile();
}

using System.Text.RegularExpressions;

namespace Kyberium.Repository.Tests.Source;

/// <summary>Rules that hold for every text of the tree, whoever wrote it.</summary>
public sealed partial class TextRuleTests
{
    private const int CodeLineMax = 180;

    private static readonly HashSet<string> TextEndings = new(StringComparer.Ordinal)
    {
        ".cs", ".csproj", ".props", ".targets", ".sln", ".md", ".conf", ".json", ".txt", ".sh", ".editorconfig", ".yml",
    };

    // Vectors are others' bytes, kept as they came; lock files are written by the package manager.
    private static readonly IReadOnlyList<string> Texts =
    [
        .. SourceTree.Files.Where(file => TextEndings.Contains(Path.GetExtension(file))
            && !file.StartsWith("tests/Vectors/", StringComparison.Ordinal)
            && Path.GetFileName(file) != "packages.lock.json"),
    ];

    [Fact]
    public void No_work_is_put_off_in_the_text() => Offends(Texts, Unfinished(), "unfinished work; do it or write it down in docs");

    [Fact]
    public void No_text_names_a_folder_of_somebodys_machine() =>
        Offends(Texts, MachinePath(), "a path that exists on one machine only");

    [Fact]
    public void No_code_has_tabs_or_blanks_at_the_end_of_a_line() =>
        Offends(Texts.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)), TabOrTrailing(), "a tab or trailing blanks");

    [Fact]
    public void No_line_of_a_library_is_too_long_to_read() => Offends(
        Libraries.Projects.Values.SelectMany(project => SourceTree.Below(Path.GetDirectoryName(project)!.Replace('\\', '/'), ".cs")),
        TooLong(), $"more than {CodeLineMax} characters");

    [Fact]
    public void No_code_draws_banners_or_regions() =>
        Offends(Texts.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)), Banner(), "a banner or region; a file that needs one wants to be two");

    [Fact]
    public void Every_text_ends_with_one_line_feed_and_has_no_carriage_return()
    {
        var offending = Texts.Where(file => file != "Akka.Engine.sln" && SourceTree.Read(file) is { Length: > 0 } text
            && (!text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal) || text.Contains('\r', StringComparison.Ordinal)));

        Assert.Empty(offending);
    }

    [Fact]
    public void Every_suppression_says_why()
    {
        var offending = new List<string>();
        foreach (var file in SourceTree.Below("src", ".cs"))
        {
            var text = SourceTree.Read(file);
            offending.AddRange(BarePragma().Matches(text).Select(match => $"{file}: {match.Value}"));
            offending.AddRange(Suppression().Matches(text)
                .Where(match => !match.Value.Contains("Justification", StringComparison.Ordinal)).Select(match => $"{file}: {match.Value}"));
        }

        Assert.Empty(offending);
    }

    [Fact]
    public void No_folder_or_file_has_a_name_that_says_nothing()
    {
        string[] empty = ["Common", "Core", "Util", "Utils", "Helper", "Helpers", "Infrastructure", "Models", "Managers", "Misc", "Base"];
        var offending = SourceTree.Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal))
            .Where(file => file.Split('/').Any(part => empty.Contains(Path.GetFileNameWithoutExtension(part), StringComparer.Ordinal)));

        Assert.Empty(offending);
    }

    private static void Offends(IEnumerable<string> files, Regex pattern, string what)
    {
        var offending = new List<string>();
        foreach (var file in files)
        {
            var text = SourceTree.Read(file);
            foreach (Match match in pattern.Matches(text))
            {
                offending.Add($"{file}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value.Trim()}");
            }
        }

        Assert.True(offending.Count == 0, $"{what}:\n" + string.Join('\n', offending));
    }

    // Written in parts, so that these lines do not find themselves.
    [GeneratedRegex(@"\b(?:TO" + "DO|FIX" + "ME|HA" + @"CK|NotImplemented" + @"Exception)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"(?:^|[\s""'(=])(?:/ho" + @"me/|/Us" + @"ers/|/wo" + @"rk/|/ro" + @"ot/\w+/|[A-Z]:\\Us" + @"ers\\)", RegexOptions.Multiline)]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\t|[ ]+$", RegexOptions.Multiline)]
    private static partial Regex TabOrTrailing();

    [GeneratedRegex(@"^.{181,}$", RegexOptions.Multiline)]
    private static partial Regex TooLong();

    [GeneratedRegex(@"^\s*(?:#region\b|//\s*[-=*#/]{5,}).*$", RegexOptions.Multiline)]
    private static partial Regex Banner();

    [GeneratedRegex(@"^#pragma warning disable [\w, ]+$", RegexOptions.Multiline)]
    private static partial Regex BarePragma();

    [GeneratedRegex(@"\[(?:assembly: )?(?:\w+\.)*SuppressMessage\([^\]]*\]", RegexOptions.Singleline)]
    private static partial Regex Suppression();
}

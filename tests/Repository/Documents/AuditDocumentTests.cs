using System.Text.RegularExpressions;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: docs/operating/audit.md lists every kind of audit event.</summary>
public sealed class AuditDocumentTests
{
    [Fact]
    public void Every_report_of_the_peer_machine_has_a_word_that_is_listed()
    {
        var words = Enum.GetValues<PeerReport>().Select(AuditKinds.Of).ToList();

        Assert.Equal(words.Count, words.Distinct().Count());
        Assert.All(words, word => Assert.Matches("^[a-z]+(-[a-z]+)*$", word));
        Assert.Empty(words.Except(Listed()));
    }

    [Fact]
    public void Every_kind_that_is_listed_is_written_somewhere()
    {
        var source = string.Concat(SourceTree.Below("src", ".cs").Select(SourceTree.Read));

        Assert.All(Listed(), word => Assert.Contains($"\"{word}\"", source, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_word_that_the_code_has_is_listed()
    {
        var words = Regex.Matches(SourceTree.Read("src/Engine/Audit/AuditKinds.cs"), "\"([a-z]+(?:-[a-z]+)+)\"").Select(match => match.Groups[1].Value).ToList();

        Assert.True(words.Count >= 25, $"only {words.Count} words were read");
        Assert.Empty(words.Except(Listed()));
    }

    private static IReadOnlyList<string> Listed() =>
        [.. MarkdownTable.Rows("docs/operating/audit.md").Where(cells => cells[0].Contains('-', StringComparison.Ordinal) || cells[0] == "rekeyed").Select(cells => cells[0])];
}

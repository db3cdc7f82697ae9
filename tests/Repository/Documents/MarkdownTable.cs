namespace Kyberium.Repository.Tests.Documents;

/// <summary>Reads the rows of a document's tables: cells without their backticks.</summary>
internal static class MarkdownTable
{
    internal static IReadOnlyList<string[]> Rows(string document) =>
    [
        .. SourceTree.Read(document).Split('\n')
            .Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim().Trim('`')).ToArray()),
    ];
}

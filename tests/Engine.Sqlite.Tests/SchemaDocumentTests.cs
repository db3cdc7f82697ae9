using System.Text.RegularExpressions;

namespace Kyberium.Engine.Sqlite.Tests;

public sealed partial class SchemaDocumentTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task The_tables_are_those_of_the_format_document()
    {
        await (await _directory.OpenAsync()).DisposeAsync();
        var document = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs/formats/sqlite.md"));
        var described = Comment().Replace(SqlBlock().Match(document).Groups[1].Value, "").Split(';').Select(Plain).Where(sql => sql.Length > 0);

        using var connection = Connection.Open(_directory.JournalFile, readOnly: true);
        var actual = connection.ReadTexts("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").Select(Plain).ToList();

        Assert.Equal(4, actual.Count);
        Assert.Equal(actual, described);
    }

    public void Dispose() => _directory.Dispose();

    private static string Plain(string sql) => Space().Replace(sql, " ").Replace("( ", "(", StringComparison.Ordinal).Trim();

    [GeneratedRegex("```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();

    [GeneratedRegex("--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex("\\s+")]
    private static partial Regex Space();
}

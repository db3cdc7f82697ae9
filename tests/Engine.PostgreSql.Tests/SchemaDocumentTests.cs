using System.Text.RegularExpressions;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests;

public sealed partial class SchemaDocumentTests
{
    [Fact]
    public async Task Tables_and_functions_are_those_of_the_format_document()
    {
        var server = await PostgresServer.Shared;
        var schema = "t" + Guid.NewGuid().ToString("N");
        await (await PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions { ConnectionString = server.ConnectionString, Schema = schema })).DisposeAsync();
        var document = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs/formats/postgresql.md"));

        Assert.Equal(
            Columns().Match(document).Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Space().Replace(line, " ")).Order(),
            await ReadAsync(server, $"""
                SELECT c.table_name || ' ' || string_agg(c.column_name, ' ' ORDER BY c.ordinal_position)
                FROM information_schema.columns c WHERE c.table_schema = '{schema}' AND c.table_name !~ '_[0-9]+$' GROUP BY c.table_name
                """));
        Assert.Equal(
            Functions().Matches(document).Select(match => match.Groups[1].Value).Order(),
            await ReadAsync(server, $"SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = '{schema}'"));
        await server.ExecuteAsync($"DROP SCHEMA {schema} CASCADE");
    }

    private static async Task<List<string>> ReadAsync(PostgresServer server, string text)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await reader.ReadAsync())
        {
            found.Add(reader.GetString(0));
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    [GeneratedRegex("```columns\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Columns();

    [GeneratedRegex("^\\| `([a-z_]+)\\(", RegexOptions.Multiline)]
    private static partial Regex Functions();

    [GeneratedRegex(" +")]
    private static partial Regex Space();
}

using System.Reflection;
using System.Security.Cryptography;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Makes and migrates the journal's tables: one script a version, each in a transaction under one advisory lock.</summary>
internal static class Schema
{
    internal const int Version = 2;
    private const int StoreIdSize = 16;

    /// <summary>Brings the schema up to <paramref name="through"/> and reads the store's id.</summary>
    internal static async Task<byte[]> EnsureAsync(
        NpgsqlConnection connection, string schema, string where, CancellationToken cancellationToken, int through = Version)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);

        // Two nodes that start at once: the second waits here, and then finds everything done.
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock(hashtextextended('kyberium journal {schema}', 0))", cancellationToken).ConfigureAwait(false);
        var found = await FindAsync(connection, schema, where, cancellationToken).ConfigureAwait(false);
        if (found > Version)
        {
            throw PostgreSqlErrors.Newer(where, found, Version);
        }

        if (found == 0)
        {
            await RunAsync(
                connection, $"CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}.layout (version integer PRIMARY KEY)", cancellationToken)
                .ConfigureAwait(false);
        }

        for (var version = found + 1; version <= through; version++)
        {
            await RunAsync(connection, Script(version).Replace("{schema}", schema, StringComparison.Ordinal), cancellationToken).ConfigureAwait(false);
            await RunAsync(connection, $"INSERT INTO {schema}.layout (version) VALUES ({version})", cancellationToken).ConfigureAwait(false);
        }

        await using var insert = new NpgsqlCommand($"INSERT INTO {schema}.store (id) VALUES ($1) ON CONFLICT DO NOTHING", connection);
        insert.Parameters.Add(new NpgsqlParameter { Value = RandomNumberGenerator.GetBytes(StoreIdSize) });
        await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        var id = (byte[])(await ScalarAsync(connection, $"SELECT id FROM {schema}.store", cancellationToken).ConfigureAwait(false))!;
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>Refuses a server that says "done" before its disk has it: the engine's promises rest on that word.</summary>
    internal static async Task CheckServerAsync(NpgsqlConnection connection, string where, CancellationToken cancellationToken)
    {
        foreach (var setting in (string[])["fsync", "full_page_writes"])
        {
            if (await ScalarAsync(connection, $"SELECT current_setting('{setting}')", cancellationToken).ConfigureAwait(false) is "off")
            {
                throw PostgreSqlErrors.Unsafe(where, $"{setting} = off");
            }
        }
    }

    private static async Task<int> FindAsync(NpgsqlConnection connection, string schema, string where, CancellationToken cancellationToken)
    {
        if (await ScalarAsync(connection, $"SELECT to_regclass('{schema}.layout') IS NOT NULL", cancellationToken).ConfigureAwait(false) is true)
        {
            return (int)(await ScalarAsync(connection, $"SELECT coalesce(max(version), 0) FROM {schema}.layout", cancellationToken).ConfigureAwait(false))!;
        }

        var others = await ScalarAsync(
            connection, $"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}'", cancellationToken)
            .ConfigureAwait(false);
        return others is 0L ? 0 : throw PostgreSqlErrors.NotOurs(where);
    }

    private static string Script(int version)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Schema/{version:D4}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}

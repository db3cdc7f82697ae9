using System.Security.Cryptography;
using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>The file's layout. docs/formats/sqlite.md describes it.</summary>
internal static class Schema
{
    internal const string FileName = "journal.db";
    internal const int Version = 1;
    internal const int StoreIdSize = 16;

    /// <summary>"KYB1" in ASCII, in the file's header: tells our files from other programs'.</summary>
    private const int ApplicationId = 0x4b594231;

    private const string Tables = """
        CREATE TABLE store (id BLOB NOT NULL);
        CREATE TABLE shard (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, number INTEGER NOT NULL,
            fence INTEGER NOT NULL, truncated INTEGER NOT NULL, UNIQUE (name, number));
        CREATE TABLE log (seq INTEGER PRIMARY KEY, shard INTEGER NOT NULL, position INTEGER NOT NULL, record BLOB NOT NULL);
        CREATE TABLE row (
            id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
            UNIQUE (shard, kind, key));
        """;

    /// <summary>Makes a new file's tables, or checks that an existing file is one this program may use.</summary>
    /// <returns>The store's id.</returns>
    /// <exception cref="EngineException">The file is another program's, damaged, of a newer version, or of one that never was.</exception>
    /// <exception cref="SqliteFailure">SQLite does not read or write it.</exception>
    internal static byte[] Ensure(Connection connection)
    {
        if (connection.ReadInt64("SELECT count(*) FROM sqlite_master") == 0 && connection.ReadInt64("PRAGMA user_version") == 0)
        {
            Create(connection);
        }

        if (connection.ReadInt64("PRAGMA application_id") != ApplicationId)
        {
            throw SqliteErrors.NotOurs(connection.File);
        }

        var version = connection.ReadInt64("PRAGMA user_version");
        return version switch
        {
            Version => ReadStoreId(connection),
            > Version => throw SqliteErrors.Newer(connection.File, version, Version),
            _ => throw SqliteErrors.NeverReleased(connection.File, version, Version),
        };
    }

    private static void Create(Connection connection)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (var table in Tables.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                connection.Execute(table);
            }

            using (var insert = connection.Prepare("INSERT INTO store (id) VALUES (?1)"))
            {
                insert.Bind(1, RandomNumberGenerator.GetBytes(StoreIdSize)).Run();
            }

            connection.Execute($"PRAGMA application_id = {ApplicationId}");
            connection.Execute($"PRAGMA user_version = {Version}");
            connection.Execute("COMMIT");
        }
        catch
        {
            connection.RollBack();
            throw;
        }
    }

    private static byte[] ReadStoreId(Connection connection)
    {
        using var statement = connection.Prepare("SELECT id FROM store");
        var id = statement.Step() ? statement.Blob(0) : [];
        return id.Length == StoreIdSize ? id : throw new SqliteFailure(raw.SQLITE_CORRUPT, "the store has no id", connection.File);
    }
}

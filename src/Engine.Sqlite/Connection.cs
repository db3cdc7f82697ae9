using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>One connection to the database file. Used by one thread at a time.</summary>
internal sealed class Connection : IDisposable
{
    private const int BusyMillis = 5_000;

    private readonly sqlite3 _handle;
    private readonly List<Statement> _statements = [];

    private Connection(sqlite3 handle, string file)
    {
        _handle = handle;
        File = file;
    }

    internal string File { get; }

    internal sqlite3 Handle => _handle;

    /// <exception cref="SqliteFailure">The file does not open.</exception>
    internal static Connection Open(string file, bool readOnly)
    {
        var access = readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE;
        var code = raw.sqlite3_open_v2(file, out var handle, access | raw.SQLITE_OPEN_NOMUTEX, null);
        var connection = new Connection(handle, file);
        try
        {
            connection.Check(code);
            connection.Check(raw.sqlite3_extended_result_codes(handle, 1));
            connection.Check(raw.sqlite3_busy_timeout(handle, BusyMillis));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal void Execute(string sql)
    {
        using var statement = Prepare(sql);
        while (statement.Step())
        {
        }
    }

    internal long ReadInt64(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : throw new SqliteFailure(raw.SQLITE_CORRUPT, $"no answer to {sql}", File);
    }

    internal List<string> ReadTexts(string sql)
    {
        using var statement = Prepare(sql);
        var texts = new List<string>();
        while (statement.Step())
        {
            texts.Add(statement.Text(0));
        }

        return texts;
    }

    /// <summary>Prepares a statement that lives until it or this connection is disposed.</summary>
    internal Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_handle, sql, out var handle));
        var statement = new Statement(this, handle);
        _statements.Add(statement);
        return statement;
    }

    /// <summary>Writes the whole write-ahead log into the database and truncates it, without waiting for anyone.</summary>
    /// <returns>Whether it is empty now; false when a reader still uses it.</returns>
    internal bool TryTruncateLog()
    {
        Check(raw.sqlite3_busy_timeout(_handle, 0));
        try
        {
            return ReadInt64("PRAGMA wal_checkpoint(TRUNCATE)") == 0;
        }
        finally
        {
            Check(raw.sqlite3_busy_timeout(_handle, BusyMillis));
        }
    }

    internal void Forget(Statement statement) => _statements.Remove(statement);

    internal void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteFailure(code, raw.sqlite3_errmsg(_handle).utf8_to_string(), File);
        }
    }

    /// <summary>Ends a transaction that may or may not still be open. Never fails: SQLite has rolled back by itself if this does.</summary>
    internal void RollBack()
    {
        if (raw.sqlite3_get_autocommit(_handle) == 0)
        {
            _ = raw.sqlite3_exec(_handle, "ROLLBACK");
        }
    }

    public void Dispose()
    {
        foreach (var statement in _statements.ToArray())
        {
            statement.Dispose();
        }

        _handle.Dispose();
    }
}

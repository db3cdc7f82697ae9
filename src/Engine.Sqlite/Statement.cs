using SQLitePCL;

namespace Kyberium.Engine.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite.</summary>
internal sealed class Statement(Connection connection, sqlite3_stmt handle) : IDisposable
{
    internal Statement Bind(int index, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    internal Statement Bind(int index, string value)
    {
        connection.Check(raw.sqlite3_bind_text(handle, index, value));
        return this;
    }

    // An empty span may have no address, which SQLite would take for NULL.
    internal Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        connection.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(handle, index, 0)
            : raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    /// <returns>Whether there is a row.</returns>
    internal bool Step()
    {
        var code = raw.sqlite3_step(handle);
        connection.Check(code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Runs a statement that gives no rows and readies it for the next time.</summary>
    internal void Run()
    {
        try
        {
            Step();
        }
        finally
        {
            Reset();
        }
    }

    // Reset repeats the failure of the step before it, which has been thrown already.
    internal void Reset() => _ = raw.sqlite3_reset(handle);

    internal long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    internal string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    /// <summary>Copies a blob, which dies with the next step.</summary>
    internal byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    /// <summary>Looks at a blob, which dies with the next step.</summary>
    internal ReadOnlySpan<byte> Seen(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose()
    {
        connection.Forget(this);
        handle.Dispose();
    }
}

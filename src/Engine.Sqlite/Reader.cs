namespace Kyberium.Engine.Sqlite;

/// <summary>One read-only connection with its statements.</summary>
internal sealed class Reader : IDisposable
{
    /// <summary>How much one chunk of an enumeration reads before others get their turn.</summary>
    private const int ChunkBytesMax = 1 << 20;

    private const int ChunkCountMax = 1_024;

    private const string RowsFrom = "SELECT key, value FROM row WHERE shard = ?1 AND kind = ?2 AND key >= ?3 ORDER BY key";

    private readonly List<Statement> _together = [];
    private readonly Statement _record;
    private readonly Statement _row;
    private readonly Statement _rowsFrom;
    private readonly Statement _rowsAfter;

    internal Reader(string file)
    {
        Connection = Connection.Open(file, readOnly: true);
        try
        {
            _record = Connection.Prepare("SELECT record FROM log WHERE seq = ?1 AND shard = ?2 AND position = ?3");
            _row = Connection.Prepare("SELECT value FROM row WHERE shard = ?1 AND kind = ?2 AND key = ?3");
            _rowsFrom = Connection.Prepare(RowsFrom);
            _rowsAfter = Connection.Prepare("SELECT key, value FROM row WHERE shard = ?1 AND kind = ?2 AND key > ?3 ORDER BY key");
        }
        catch
        {
            Connection.Dispose();
            throw;
        }
    }

    internal Connection Connection { get; }

    /// <summary>Reads records from <paramref name="next"/> on, a chunk's worth, and moves it past them.</summary>
    internal List<JournalRecord> ReadRecords(ShardLog log, TailEntry[] tail, ref int next)
    {
        var records = new List<JournalRecord>();
        for (var bytes = 0L; next < tail.Length && bytes < ChunkBytesMax && records.Count < ChunkCountMax; next++)
        {
            var entry = tail[next];
            _record.Bind(1, entry.Sequence).Bind(2, log.RowId).Bind(3, entry.Position.Value);
            if (!_record.Step())
            {
                throw SqliteErrors.Overtaken(log.Shard);
            }

            records.Add(new JournalRecord(entry.Position, _record.Blob(0)));
            bytes += entry.Size;
            _record.Reset();
        }

        return records;
    }

    internal byte[]? ReadRow(long shard, RowKey key)
    {
        _row.Bind(1, shard).Bind(2, (long)key.Kind).Bind(3, key.Key.Span);
        return _row.Step() ? _row.Blob(0) : null;
    }

    /// <summary>Reads first rows at one moment, and for the price of one transaction: each statement stays open until all are read.</summary>
    internal IReadOnlyList<JournalRow?> ReadFirstRows(long shard, IReadOnlyList<RowKey> prefixes)
    {
        while (_together.Count < prefixes.Count)
        {
            _together.Add(Connection.Prepare(RowsFrom));
        }

        var rows = new JournalRow?[prefixes.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var (statement, prefix) = (_together[i], prefixes[i]);
            statement.Bind(1, shard).Bind(2, (long)prefix.Kind).Bind(3, prefix.Key.Span);
            if (statement.Step() && statement.Seen(0) is var key && key.StartsWith(prefix.Key.Span))
            {
                rows[i] = new JournalRow(key.Length == prefix.Key.Length ? prefix : prefix with { Key = key.ToArray() }, statement.Blob(1));
            }
        }

        return rows;
    }

    /// <summary>Reads a chunk's worth of rows.</summary>
    /// <param name="shard">The shard's number in the file.</param>
    /// <param name="kind">The rows' kind.</param>
    /// <param name="prefix">What their keys start with.</param>
    /// <param name="after">The last key read before, or <see langword="null"/>.</param>
    /// <returns>The rows, and whether there may be more.</returns>
    internal (List<JournalRow> Rows, bool More) ReadRows(long shard, RowKind kind, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte>? after)
    {
        var statement = after is null ? _rowsFrom : _rowsAfter;
        statement.Bind(1, shard).Bind(2, (long)kind).Bind(3, (after ?? prefix).Span);
        var rows = new List<JournalRow>();
        for (var bytes = 0L; bytes < ChunkBytesMax && rows.Count < ChunkCountMax;)
        {
            if (!statement.Step())
            {
                return (rows, false);
            }

            var key = statement.Blob(0);
            if (!key.AsSpan().StartsWith(prefix.Span))
            {
                return (rows, false);
            }

            var value = statement.Blob(1);
            rows.Add(new JournalRow(new RowKey(kind, key), value));
            bytes += value.Length;
        }

        return (rows, true);
    }

    /// <summary>Ends what a read left open, so that no old snapshot keeps the log of the database from shrinking.</summary>
    internal void Reset()
    {
        _record.Reset();
        _row.Reset();
        foreach (var statement in _together)
        {
            statement.Reset();
        }

        _rowsFrom.Reset();
        _rowsAfter.Reset();
    }

    public void Dispose() => Connection.Dispose();
}

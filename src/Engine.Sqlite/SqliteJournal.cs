using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Sqlite;

/// <summary>A journal in one SQLite file, for one process. Its commits survive kill -9 and power loss once they complete.</summary>
/// <remarks>
/// <para>Holds <c>journal.db</c> in WAL mode with <c>synchronous=FULL</c>, and a lock on the data directory as long as it is open. One thread writes
/// for all shards and flushes once for all commits that wait; reads run beside it on their own connections.</para>
/// <para>After an I/O error every call fails until the directory is opened anew: what the disk kept is then read, not guessed.</para>
/// <para>Thread-safe. Layout: docs/formats/sqlite.md.</para>
/// </remarks>
public sealed class SqliteJournal : IJournal
{
    private readonly DataDirectory _directory;
    private readonly Connection _connection;
    private readonly ShardIndex _index;
    private readonly JournalWriter _writer;
    private readonly ReaderPool _readers;
    private readonly byte[] _storeId;
    private int _disposed;

    private SqliteJournal(DataDirectory directory, Connection connection, byte[] storeId, SqliteJournalOptions options)
    {
        _directory = directory;
        _connection = connection;
        _storeId = storeId;
        _index = ShardIndex.Read(connection, options.ReadsDamagedShards);
        _readers = new ReaderPool(connection.File, options.ReaderCount);
        Description = $"{SqliteLibrary.Ensure()} at {connection.File}";
        _writer = new JournalWriter(connection, _index, options);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> StoreId => _storeId;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long TailBytes => _index.TailBytes;

    /// <summary>Takes the data directory's lock and opens its store, or makes a new one in an empty directory.</summary>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.DataDirectoryLocked"/>, <see cref="EngineErrorCode.DataDirectoryReadOnly"/>,
    /// <see cref="EngineErrorCode.JournalVersionUnsupported"/>: a newer layout; <see cref="EngineErrorCode.JournalCorrupt"/>: not a
    /// database, damaged, or another program's; <see cref="EngineErrorCode.JournalFull"/>; <see cref="EngineErrorCode.OptionsInvalid"/>.
    /// </exception>
    public static Task<SqliteJournal> OpenAsync(SqliteJournalOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        return Task.Run(() => Open(options), cancellationToken);   // replays the file's own log and reads the index: not for the caller's thread
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: true);
        _writer.Enqueue(work);
        return await work.Outcome.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: true, held);
        _writer.Enqueue(work);
        return await work.Outcome.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);

        // A token that fires later is not looked at; one that has fired goes through the queue all the same, to fail what follows.
        var work = new CommitWork(commit, cancellationToken.IsCancellationRequested ? cancellationToken : CancellationToken.None);
        try
        {
            _writer.Enqueue(work);
        }
        catch (ObjectDisposedException disposed)
        {
            return ValueTask.FromException(disposed);
        }
        catch (EngineException overloaded)
        {
            return ValueTask.FromException(overloaded);
        }

        return new ValueTask(work.Outcome);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: false);
        _writer.Enqueue(work);
        return await work.Outcome.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (Find(shard) is not { } log)
        {
            yield break;
        }

        var tail = log.TailAfter(after);
        for (var next = 0; next < tail.Length;)
        {
            var chunk = await _readers.ReadAsync(reader => reader.ReadRecords(log, tail, ref next), cancellationToken).ConfigureAwait(false);
            foreach (var record in chunk)
            {
                yield return record;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default)
    {
        var value = Find(shard) is { } log
            ? await _readers.ReadAsync(reader => reader.ReadRow(log.RowId, key), cancellationToken).ConfigureAwait(false)
            : null;
        return value is null ? default(ReadOnlyMemory<byte>?) : value;   // a null array alone would become an empty row
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (Find(shard) is not { } log)
        {
            yield break;
        }

        ReadOnlyMemory<byte>? after = null;
        for (var more = true; more;)
        {
            var last = after;
            (var rows, more) = await _readers.ReadAsync(
                reader => reader.ReadRows(log.RowId, kind, prefix, last), cancellationToken).ConfigureAwait(false);
            foreach (var row in rows)
            {
                yield return row;
            }

            after = rows.Count > 0 ? rows[^1].Key.Key : after;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefixes);
        return Find(shard) is { } log
            ? _readers.ReadAsync(reader => reader.ReadFirstRows(log.RowId, prefixes), cancellationToken)
            : new(new JournalRow?[prefixes.Count]);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _index.Shards.ToAsyncEnumerable();
    }

    /// <summary>Copies the store, as it is at one moment, to a new file while it is in use. Placed as <c>journal.db</c> in a data
    /// directory of its own, the copy opens like the original and has the same <see cref="StoreId"/>.</summary>
    /// <param name="path">The file to make; must not exist.</param>
    /// <param name="cancellationToken">Cancels waiting for a free connection, not the copying.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: the file exists, or its folder does not. Otherwise as for reading
    /// and writing; a copy that failed leaves no file.</exception>
    public Task BackupToAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Task.Run(
            async () => await _readers.ReadAsync(reader => Backup.Write(reader.Connection, Path.GetFullPath(path)), cancellationToken).ConfigureAwait(false),
            cancellationToken);
    }

    /// <summary>Lets SQLite check the file's own structure. Frames are checked by verifying the journal.</summary>
    /// <returns>What is wrong, at most 100 lines; empty when the file is sound.</returns>
    public Task<IReadOnlyList<string>> CheckIntegrityAsync(CancellationToken cancellationToken = default) => Task.Run(
        async () => await _readers.ReadAsync<IReadOnlyList<string>>(
            reader => reader.Connection.ReadTexts("PRAGMA integrity_check(100)") is not ["ok"] and var problems ? problems : [],
            cancellationToken).ConfigureAwait(false),
        cancellationToken);

    /// <summary>Finishes the commits it took, closes the file and gives the data directory free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await Task.Run(_writer.Dispose).ConfigureAwait(false);   // joins the thread
        await _readers.DisposeAsync().ConfigureAwait(false);
        _connection.Dispose();
        _directory.Dispose();
    }

    /// <summary>Reads a setting of the writer's connection. Only while no commit is under way.</summary>
    internal long ReadWriterPragma(string name) => _connection.ReadInt64($"PRAGMA {name}");

    private static SqliteJournal Open(SqliteJournalOptions options)
    {
        SqliteLibrary.Ensure();
        var directory = DataDirectory.Take(options.DataDirectory);
        Connection? connection = null;
        try
        {
            connection = Connection.Open(directory.JournalFile, readOnly: false);
            Configure(connection, options);
            var storeId = Schema.Ensure(connection);
            return new SqliteJournal(directory, connection, storeId, options);
        }
        catch (Exception failure)
        {
            connection?.Dispose();
            directory.Dispose();
            if (failure is SqliteFailure cause)
            {
                throw cause.ToEngineException();
            }

            throw;
        }
    }

    private static void Configure(Connection connection, SqliteJournalOptions options)
    {
        connection.Execute("PRAGMA journal_mode = WAL");
        connection.Execute(options.SyncsToDisk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
        connection.Execute("PRAGMA wal_autocheckpoint = 300");        // as fast as 1,000 under full load, and stalls commits a third as long
        connection.Execute("PRAGMA journal_size_limit = 67108864");   // a burst's log does not stay on the disk
        connection.Execute("PRAGMA cache_size = -16384");
        if (options.PagesMax > 0)
        {
            connection.Execute($"PRAGMA max_page_count = {options.PagesMax}");
        }
    }

    private ShardLog? Find(ShardId shard)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return !_index.TryFind(shard, out var log) ? null
            : log.Damage is { } damage ? throw SqliteErrors.ShardDamaged(shard, damage, _connection.File)
            : log;
    }
}

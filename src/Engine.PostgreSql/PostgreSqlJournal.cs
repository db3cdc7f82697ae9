using System.Runtime.CompilerServices;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>A journal in a PostgreSQL database, for many nodes: a shard's fence and its data are rows of the same transactions.</summary>
/// <remarks>
/// <para>Each writer takes all commits that wait, of whatever shard of its share, into one call, one transaction and one round trip. While the
/// database is away commits wait up to <see cref="PostgreSqlJournalOptions.OutageMax"/>; what a lost connection left open is resolved
/// by reading back, after which nothing sent earlier can take effect.</para>
/// <para>Uses no state of a session, so that a pooler in transaction mode may stand between. Thread-safe. Layout: docs/formats/postgresql.md.</para>
/// </remarks>
public sealed class PostgreSqlJournal : IJournal
{
    private readonly Database _database;
    private readonly SeatTable _seats;
    private readonly JournalPages _pages;
    private readonly JournalWriter[] _writers;
    private readonly byte[] _storeId;
    private int _disposed;

    private PostgreSqlJournal(
        NpgsqlDataSource source, PostgreSqlJournalOptions options, byte[] storeId, string where, string server)
    {
        _database = new Database(source, options, where);
        _storeId = storeId;
        _seats = new SeatTable(options.Schema, options.Placement);
        _pages = new JournalPages(_database);
        _writers = [.. Enumerable.Range(0, options.WriterCount).Select(_ => new JournalWriter(_database, options, _seats))];
        Description = $"PostgreSQL {server} at {where}";
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> StoreId => _storeId;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long TailBytes => _seats.TailBytes;

    /// <summary>Connects to the database, and makes or migrates the journal's schema when that is needed.</summary>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.JournalUnavailable"/>: no connection, or no right to the schema;
    /// <see cref="EngineErrorCode.JournalVersionUnsupported"/>: a newer layout; <see cref="EngineErrorCode.JournalCorrupt"/>: another program's
    /// schema; <see cref="EngineErrorCode.OptionsInvalid"/>, also when the server does not wait for its disk.
    /// </exception>
    public static async Task<PostgreSqlJournal> OpenAsync(PostgreSqlJournalOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connect = options.Check();
        var where = $"{connect.Host}:{connect.Port}/{connect.Database ?? connect.Username}, schema {options.Schema}";
        var database = NpgsqlDataSource.Create(connect);
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            if (!options.AcceptsUnsafeServer)
            {
                await Schema.CheckServerAsync(connection, where, cancellationToken).ConfigureAwait(false);
            }

            var storeId = await Schema.EnsureAsync(connection, options.Schema, where, cancellationToken).ConfigureAwait(false);
            return new PostgreSqlJournal(database, options, storeId, where, connection.PostgreSqlVersion.ToString());
        }
        catch (Exception failure)
        {
            await database.DisposeAsync().ConfigureAwait(false);
            if (failure is NpgsqlException)
            {
                throw PostgreSqlErrors.Of(failure, where);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: true);
        WriterOf(shard).Enqueue(work);
        return await work.Outcome.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: true, held);
        WriterOf(shard).Enqueue(work);
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
            WriterOf(commit.Shard).Enqueue(work);
        }
        catch (Exception refused) when (refused is ObjectDisposedException or EngineException)
        {
            return ValueTask.FromException(refused);
        }

        return new ValueTask(work.Outcome);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var work = new ExtentWork(shard, acquires: false);
        WriterOf(shard).Enqueue(work);
        return await work.Outcome.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (await FindAsync(shard, cancellationToken).ConfigureAwait(false) is not { } row)
        {
            yield break;
        }

        var last = after.Value > row.Extent.TruncatedThrough.Value ? after : row.Extent.TruncatedThrough;
        while (last.Value < row.Extent.End.Value)
        {
            var page = await _pages.RecordsAsync(row.Id, last, row.Extent.End, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                throw await MissingAsync(shard, last, row.Extent.End, cancellationToken).ConfigureAwait(false);
            }

            foreach (var record in page)
            {
                if (record.Position != last.Next)
                {
                    throw await MissingAsync(shard, last, record.Position, cancellationToken).ConfigureAwait(false);
                }

                last = record.Position;
                yield return record;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default)
    {
        var value = await FindAsync(shard, cancellationToken).ConfigureAwait(false) is { } row
            ? await _pages.ValueAsync(row.Id, key, cancellationToken).ConfigureAwait(false) : null;
        return value is null ? default(ReadOnlyMemory<byte>?) : value;      // a null array alone would become an empty row
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (await FindAsync(shard, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            yield break;
        }

        var (from, isAfter, below) = (prefix, false, AfterPrefix(prefix.Span));
        while (await _pages.EntriesAsync(found.Id, kind, from, isAfter, below, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                yield return row;
            }

            (from, isAfter) = (page[^1].Key.Key, true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefixes);
        var rows = new JournalRow?[prefixes.Count];
        if (rows.Length > 0 && await FindAsync(shard, cancellationToken).ConfigureAwait(false) is { } found)
        {
            byte[]?[] below = [.. prefixes.Select(prefix => AfterPrefix(prefix.Key.Span))];
            foreach (var (place, row) in await _pages.FirstEntriesAsync(found.Id, prefixes, below, cancellationToken).ConfigureAwait(false))
            {
                rows[place] = row;
            }
        }

        return rows;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ShardId> ReadShardsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        foreach (var shard in await _pages.ShardsAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return shard;
        }
    }

    /// <summary>Finishes the commits it took and closes its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _database.StopWaitingAsync().ConfigureAwait(false);
            await Task.WhenAll(_writers.Select(static writer => writer.DisposeAsync().AsTask())).ConfigureAwait(false);
            await _database.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The same in every process: which writer a shard has matters to its order only within one.
    private JournalWriter WriterOf(ShardId shard)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _writers[(int)((uint)shard.GetHashCode() % (uint)_writers.Length)];
    }

    private Task<ShardRow?> FindAsync(ShardId shard, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _pages.FindAsync(shard, cancellationToken);
    }

    private async Task<EngineException> MissingAsync(ShardId shard, LogPosition last, LogPosition found, CancellationToken cancellationToken) =>
        await FindAsync(shard, cancellationToken).ConfigureAwait(false) is { } now && now.Extent.TruncatedThrough.Value > last.Value
            ? PostgreSqlErrors.Overtaken(shard)
            : PostgreSqlErrors.Damaged(shard, last.Next, found);

    /// <summary>Gets the lowest key above all that start with <paramref name="prefix"/>; <see langword="null"/> when there is none.</summary>
    private static byte[]? AfterPrefix(ReadOnlySpan<byte> prefix)
    {
        var kept = prefix.TrimEnd((byte)0xff);
        if (kept.IsEmpty)
        {
            return null;
        }

        var after = kept.ToArray();
        after[^1]++;
        return after;
    }
}

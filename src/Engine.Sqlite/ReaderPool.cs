using System.Collections.Concurrent;

namespace Kyberium.Engine.Sqlite;

/// <summary>A fixed number of read-only connections. A read waits for a free one, so readers never pile up on the file.</summary>
internal sealed class ReaderPool(string file, int count) : IAsyncDisposable
{
    private readonly SemaphoreSlim _free = new(count, count);
    private readonly ConcurrentBag<Reader> _idle = [];
    private volatile bool _closed;

    /// <summary>Runs a read on the caller's thread. A read is short: a chunk, not a whole log.</summary>
    internal async ValueTask<T> ReadAsync<T>(Func<Reader, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteJournal));
            if (!_idle.TryTake(out var reader))
            {
                reader = new Reader(file);
            }

            try
            {
                return read(reader);
            }
            finally
            {
                reader.Reset();
                _idle.Add(reader);
            }
        }
        catch (SqliteFailure cause)
        {
            throw cause.ToEngineException();
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Waits for running reads, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var taken = 0; taken < count; taken++)
        {
            await _free.WaitAsync().ConfigureAwait(false);
        }

        _closed = true;
        while (_idle.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _free.Release(count);   // whoever waits learns that the journal is closed
    }
}

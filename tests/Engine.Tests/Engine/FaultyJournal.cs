using System.Collections.Concurrent;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Another journal whose commits can be held, failed before or after they happened, and whose rows can be damaged.</summary>
internal sealed class FaultyJournal(IJournal inner) : IJournal
{
    private readonly ConcurrentDictionary<ShardId, Line> _lines = new();
    private int _commits;
    private int _submitted;

    /// <summary>Runs before a commit; what it throws is the commit's failure and nothing was written.</summary>
    internal Func<JournalCommit, Task>? Before { get; set; }

    /// <summary>Runs after a commit was written; what it throws is the commit's failure all the same.</summary>
    internal Func<JournalCommit, Task>? After { get; set; }

    /// <summary>Runs before a shard is taken over again; what it throws is the failure, and nothing was written.</summary>
    internal Func<ShardId, Task>? BeforeReacquiring { get; set; }

    /// <summary>Runs after a shard was taken over again; what it throws is the failure all the same.</summary>
    internal Func<ShardId, Task>? AfterReacquiring { get; set; }

    /// <summary>Changes what a read record holds.</summary>
    internal Func<ShardId, JournalRecord, JournalRecord>? OnRecord { get; set; }

    /// <summary>Changes what a row that is read by its key holds.</summary>
    internal Func<ShardId, JournalRow, JournalRow>? OnRow { get; set; }

    /// <summary>Hears of each enumeration of rows.</summary>
    internal Action<RowKind, ReadOnlyMemory<byte>>? OnRange { get; set; }

    internal int Commits => _commits;

    internal int Submitted => _submitted;

    public ReadOnlyMemory<byte> StoreId => inner.StoreId;

    public string Description => inner.Description;

    public long TailBytes => inner.TailBytes;

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        _lines[shard] = new Line();
        return inner.AcquireAsync(shard, cancellationToken);
    }

    public async ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        await (BeforeReacquiring?.Invoke(shard) ?? Task.CompletedTask).ConfigureAwait(false);
        _lines[shard] = new Line();
        var extent = await inner.AcquireAsync(shard, held, cancellationToken).ConfigureAwait(false);
        await (AfterReacquiring?.Invoke(shard) ?? Task.CompletedTask).ConfigureAwait(false);
        return extent;
    }

    public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _submitted);
        var line = _lines.GetOrAdd(commit.Shard, static _ => new Line());
        lock (line)
        {
            return new ValueTask(line.Last = CommitAfterAsync(line, ++line.Count, line.Last, commit));
        }
    }

    public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        if (_lines.TryGetValue(shard, out var line))
        {
            lock (line)
            {
                // Everything handed over before the extent was read follows the failure, whenever its turn comes.
                line.CondemnedThrough = line.Failed ? line.Count : line.CondemnedThrough;
                line.Failed = false;
            }
        }

        return inner.ReadExtentAsync(shard, cancellationToken);
    }

    public async IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var record in inner.ReadRecordsAsync(shard, after, cancellationToken))
        {
            yield return OnRecord?.Invoke(shard, record) ?? record;
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
        await inner.ReadRowAsync(shard, key, cancellationToken) is { } value
            ? OnRow?.Invoke(shard, new JournalRow(key, value)).Value ?? value
            : default(ReadOnlyMemory<byte>?);

    public IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) =>
        Ranged(kind, prefix, inner.ReadRowsAsync(shard, kind, prefix, cancellationToken));

    public async ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default)
    {
        var rows = await inner.ReadFirstRowsAsync(shard, prefixes, cancellationToken).ConfigureAwait(false);
        return [.. rows.Select((row, at) => row is { } read && read.Key == prefixes[at] ? OnRow?.Invoke(shard, read) ?? read : row)];
    }

    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) =>
        inner.ReadShardsAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private IAsyncEnumerable<JournalRow> Ranged(RowKind kind, ReadOnlyMemory<byte> prefix, IAsyncEnumerable<JournalRow> rows)
    {
        OnRange?.Invoke(kind, prefix);
        return rows;
    }

    private async Task CommitAfterAsync(Line line, int number, Task last, JournalCommit commit)
    {
        await last.ContinueWith(static _ => { }, TaskScheduler.Default);
        lock (line)
        {
            if (line.Failed || number <= line.CondemnedThrough)
            {
                throw JournalErrors.FollowsFailure(commit.Shard);
            }
        }

        try
        {
            await (Before?.Invoke(commit) ?? Task.CompletedTask);
            await inner.CommitAsync(commit);
            Interlocked.Increment(ref _commits);
            await (After?.Invoke(commit) ?? Task.CompletedTask);
        }
        catch
        {
            lock (line)
            {
                line.Failed = true;
            }

            throw;
        }
    }

    private sealed class Line
    {
        internal Task Last { get; set; } = Task.CompletedTask;

        internal int Count { get; set; }

        internal int CondemnedThrough { get; set; }

        internal bool Failed { get; set; }
    }
}

/// <summary>Something that passes while it is open.</summary>
internal sealed class Turnstile
{
    private volatile TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets a task that ends when somebody stands before it for the first time.</summary>
    internal Task Reached => _reached.Task;

    internal void Open() => _open.TrySetResult();

    internal Task PassAsync()
    {
        _reached.TrySetResult();
        return _open.Task;
    }
}

using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Engine.Journal;

namespace Kyberium.Simulation.Disk;

/// <summary>A journal over one append-only file with explicit flushes. What waits is written together and shares a flush; nothing is
/// visible or answered before it. Opening reads the log up to the first frame a crash spoiled.</summary>
internal sealed class LogJournal : IJournal
{
    private readonly Lock _lock = new();
    private readonly IDiskHost _host;
    private readonly VirtualDisk _disk;
    private readonly SortedDictionary<string, (ShardId Id, LogShard Shard)> _shards = new(StringComparer.Ordinal);
    private readonly Queue<Request> _waiting = new();
    private byte[] _storeId = [];
    private long _readThrough;
    private bool _checksOwner = true;
    private bool _busy;
    private bool _disposed;

    private LogJournal(VirtualDisk disk, IDiskHost host)
    {
        _disk = disk;
        _host = host;
    }

    /// <summary>Takes what any owner commits, whoever came after it: a test breaks it on purpose.</summary>
    internal LogJournal WithoutFences()
    {
        _checksOwner = false;
        foreach (var (_, shard) in _shards.Values)
        {
            shard.ChecksOwner = false;
        }

        return this;
    }

    public ReadOnlyMemory<byte> StoreId => _storeId;

    public string Description => "a log file on a simulated disk";

    public long TailBytes
    {
        get
        {
            lock (_lock)
            {
                return _shards.Values.Sum(entry => entry.Shard.TailBytes);
            }
        }
    }

    /// <summary>Opens what lies on the disk; an empty one becomes a new store.</summary>
    internal static LogJournal Open(VirtualDisk disk, IDiskHost host, ReadOnlySpan<byte> newStoreId)
    {
        var journal = new LogJournal(disk, host);
        var written = disk.Written.Span;
        var offset = 0;
        while (LogFrame.Read(written[offset..], out var size) is { } frame)
        {
            journal.Replay(frame);
            offset += size;
        }

        disk.CutTo(offset);
        if (offset == 0)
        {
            journal._storeId = newStoreId.ToArray();
            disk.Append(new LogFrame.Store(journal._storeId).Encode());
        }

        disk.Flush();
        disk.Writer = null;     // whoever held it is dead, or stands still and has lost it
        journal._readThrough = disk.Written.Length;
        return journal;
    }

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(EnqueueAsync(new Request(RequestKind.Acquire, shard, null, _host.Completion)));
    }

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(EnqueueAsync(new Request(RequestKind.Acquire, shard, null, _host.Completion) { Held = held }));
    }

    public ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var request = new Request(RequestKind.Commit, commit.Shard, commit, _host.Completion) { IsCancelled = cancellationToken.IsCancellationRequested };
        return new(EnqueueAsync(request));
    }

    public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(EnqueueAsync(new Request(RequestKind.ReadExtent, shard, null, _host.Completion)));
    }

    public async IAsyncEnumerable<JournalRecord> ReadRecordsAsync(
        ShardId shard, LogPosition after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var record in await ReadAsync(() => Find(shard)?.Records(after) ?? [], cancellationToken).ConfigureAwait(false))
        {
            yield return record;
        }
    }

    public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
        new(ReadAsync(() => Find(shard)?.Row(key), cancellationToken));

    public async IAsyncEnumerable<JournalRow> ReadRowsAsync(
        ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var row in await ReadAsync(() => Find(shard)?.Rows(kind, prefix) ?? [], cancellationToken).ConfigureAwait(false))
        {
            yield return row;
        }
    }

    public async IAsyncEnumerable<ShardId> ReadShardsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var shard in await ReadAsync(
            () => _shards.Values.Where(entry => entry.Shard.WasAcquired).Select(entry => entry.Id).ToList(), cancellationToken).ConfigureAwait(false))
        {
            yield return shard;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
        }

        // An extent is answered after everything that was taken before it.
        await ReadExtentAsync(ShardId.Directory).ConfigureAwait(false);
        lock (_lock)
        {
            _disposed = true;
        }
    }

    private void Replay(LogFrame frame)
    {
        switch (frame)
        {
            case LogFrame.Store store:
                _storeId = store.Id;
                break;
            case LogFrame.Acquire acquire:
                Get(acquire.Shard).Apply(acquire.Fence);
                break;
            case LogFrame.Commit commit:
                Get(commit.Shard).Apply(commit);
                break;
            default:
                throw new InvalidOperationException($"no rule replays {frame.GetType().Name}");
        }
    }

    /// <summary>Takes in what another journal over the same file has flushed.</summary>
    private void CatchUp()
    {
        while (_readThrough < _disk.FlushedLength
            && LogFrame.Read(_disk.Written.Span[(int)_readThrough..(int)_disk.FlushedLength], out var size) is { } frame)
        {
            Replay(frame);
            _readThrough += size;
        }
    }

    private Task<ShardExtent> EnqueueAsync(Request request)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _waiting.Enqueue(request);
            Begin();
        }

        return request.Done.Task;
    }

    private Task<T> ReadAsync<T>(Func<T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        var done = new TaskCompletionSource<T>(_host.Completion);
        _host.Later(DiskStep.Read, () =>
        {
            T found;
            lock (_lock)
            {
                found = read();
            }

            done.TrySetResult(found);
        });
        return done.Task;
    }

    private void Begin()
    {
        if (!_busy && _waiting.Count > 0)
        {
            _busy = true;
            _host.Later(DiskStep.Gather, Write);
        }
    }

    /// <summary>Writes what waits, up to a question for an extent: that is answered after all before it.</summary>
    private void Write()
    {
        lock (_lock)
        {
            if (_disk.Writer is { } writer && writer != _host)
            {
                if (writer.IsRunning)
                {
                    _host.Later(DiskStep.Gather, Write);
                    return;
                }

                _disk.DropUnflushed();
            }

            _disk.Writer = _host;
            CatchUp();
            var writing = new List<Request>();
            while (_waiting.TryPeek(out var request) && (request.Kind != RequestKind.ReadExtent || writing.Count == 0))
            {
                _waiting.Dequeue();
                writing.Add(request);
                if (request.Kind == RequestKind.ReadExtent)
                {
                    break;
                }

                Stage(request);
            }

            _host.Later(DiskStep.Flush, () => Flushed(writing));
        }
    }

    private void Stage(Request request)
    {
        if (request.Kind == RequestKind.Acquire)
        {
            request.Failure = Get(request.Shard).StageAcquire(request.Held, out var fence);
            request.Frame = request.Failure is null ? new LogFrame.Acquire(request.Shard, fence) : null;
        }
        else if (request.IsCancelled)
        {
            Get(request.Shard).Refuse();
            request.Failure = new OperationCanceledException(new CancellationToken(canceled: true));
        }
        else
        {
            request.Failure = Get(request.Shard).Stage(request.Commit!);
            request.Frame = request.Failure is null ? LogFrame.Of(request.Commit!) : null;
        }

        if (request.Frame is not null)
        {
            var bytes = request.Frame.Encode();
            _disk.Append(bytes);
            _host.Wrote(request.Frame, bytes);
        }
    }

    private void Flushed(List<Request> written)
    {
        lock (_lock)
        {
            var wrote = written.Exists(request => request.Frame is not null);
            var outcome = !wrote ? FlushOutcome.Done : _disk.Writer == _host ? _host.DrawFlush() : FlushOutcome.Lost;
            if (outcome == FlushOutcome.Lost)
            {
                // Another journal took over in between: what became of the bytes shows when they are read.
            }
            else if (outcome is FlushOutcome.Failed or FlushOutcome.Full)
            {
                _disk.DropUnflushed();
            }
            else
            {
                _disk.Flush();
            }

            foreach (var request in written)
            {
                Settle(request, outcome);
            }

            if (outcome != FlushOutcome.Lost)
            {
                _readThrough = Math.Max(_readThrough, wrote ? _disk.Written.Length : 0);
            }

            if (_disk.Writer == _host)
            {
                _disk.Writer = null;
            }

            foreach (var request in written)
            {
                _host.Later(DiskStep.Answer, request.Answer);
            }

            _busy = false;
            Begin();
        }
    }

    private void Settle(Request request, FlushOutcome outcome)
    {
        var shard = Get(request.Shard);
        if (request.Frame is { } frame)
        {
            if (outcome is FlushOutcome.Done or FlushOutcome.DoneUnseen)
            {
                Replay(frame);
            }

            if (outcome != FlushOutcome.Done)
            {
                shard.Fail();
                request.Failure = outcome == FlushOutcome.Full
                    ? new EngineException(EngineErrorCode.JournalFull, "the disk is full; make room")
                    : new EngineException(
                        EngineErrorCode.JournalUnavailable, "the disk did not answer; read the extent to learn what became of the commit");
            }
        }
        else if (request.Kind == RequestKind.ReadExtent)
        {
            shard.Resume();
        }

        request.Extent = shard.Extent;
    }

    private LogShard? Find(ShardId shard) => _shards.TryGetValue(shard.ToString(), out var found) ? found.Shard : null;

    private LogShard Get(ShardId shard)
    {
        if (!_shards.TryGetValue(shard.ToString(), out var found))
        {
            _shards[shard.ToString()] = found = (shard, new LogShard(shard) { ChecksOwner = _checksOwner });
        }

        return found.Shard;
    }

    private enum RequestKind
    {
        Acquire,
        Commit,
        ReadExtent,
    }

    private sealed class Request(RequestKind kind, ShardId shard, JournalCommit? commit, TaskCreationOptions completion)
    {
        internal RequestKind Kind { get; } = kind;

        internal ShardId Shard { get; } = shard;

        internal JournalCommit? Commit { get; } = commit;

        internal TaskCompletionSource<ShardExtent> Done { get; } = new(completion);

        internal bool IsCancelled { get; init; }

        /// <summary>Gets the fence that an acquisition has to find; <see langword="null"/>: any.</summary>
        internal Fence? Held { get; init; }

        internal LogFrame? Frame { get; set; }

        internal Exception? Failure { get; set; }

        internal ShardExtent Extent { get; set; }

        internal void Answer()
        {
            if (Failure is null)
            {
                Done.TrySetResult(Extent);
            }
            else
            {
                Done.TrySetException(Failure);
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;

namespace Kyberium.Engine.PostgreSql;

/// <summary>Writes for its share of the shards: takes all that waits into one transaction, and resolves what a lost connection left open.</summary>
internal sealed class JournalWriter : IAsyncDisposable
{
    private readonly Database _database;
    private readonly PostgreSqlJournalOptions _options;
    private readonly SeatTable _seats;
    private readonly Channel<JournalWork> _waiting = Channel.CreateUnbounded<JournalWork>();     // the one for a single reader does not count
    private readonly ConcurrentDictionary<ShardId, Fence> _refused = new();     // no later commit under it may be applied over the hole
    private readonly Task _running;

    internal JournalWriter(Database database, PostgreSqlJournalOptions options, SeatTable seats)
    {
        (_database, _options, _seats) = (database, options, seats);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Queues a call; a shard's calls take effect in the order they were queued.</summary>
    /// <exception cref="ObjectDisposedException">The journal was disposed.</exception>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.Overloaded"/>, or what follows that for the commits behind.</exception>
    internal void Enqueue(JournalWork work)
    {
        var commit = (work as CommitWork)?.Commit;
        if (commit is not null && _refused.TryGetValue(commit.Shard, out var fence) && fence == commit.Fence)
        {
            throw PostgreSqlErrors.FollowsFailure(commit.Shard);
        }

        if (_waiting.Reader.Count >= _options.WaitingCountMax)
        {
            if (commit is not null)
            {
                _refused[commit.Shard] = commit.Fence;
            }

            throw PostgreSqlErrors.Overloaded(_waiting.Reader.Count);
        }

        if (work is ExtentWork)
        {
            _refused.TryRemove(work.Shard, out _);
        }

        ObjectDisposedException.ThrowIf(!_waiting.Writer.TryWrite(work), typeof(PostgreSqlJournal));
    }

    /// <summary>Finishes what was queued.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var commits = new List<CommitWork>();
        var reader = _waiting.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            long bytes = 0;
            while (reader.TryPeek(out var next) && next is CommitWork commit && (commits.Count == 0 || bytes + commit.Bytes <= _options.FlushBytesMax))
            {
                reader.TryRead(out _);
                commits.Add(commit);
                bytes += commit.Bytes;
            }

            if (commits.Count > 0)
            {
                await FlushAsync(commits).ConfigureAwait(false);
                commits.Clear();
            }
            else if (reader.TryRead(out var work))
            {
                await ShowAsync((ExtentWork)work).ConfigureAwait(false);
            }
        }
    }

    private async Task ShowAsync(ExtentWork work)
    {
        try
        {
            work.Succeed(await _database.PersistAsync(connection => ExtentAsync(connection, work)).ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            work.Fail(failure);
        }
    }

    private async Task<ShardExtent> ExtentAsync(NpgsqlConnection connection, ExtentWork work)
    {
        if (work.Acquires)
        {
            var isRepeated = work.IsRepeated;
            work.IsRepeated = true;
            var taken = await _seats.AcquireAsync(connection, work.Shard, work.Held, isRepeated).ConfigureAwait(false);
            return taken.Extent;
        }

        if (await _seats.FindAsync(connection, work.Shard).ConfigureAwait(false) is not { } seat)
        {
            return default;
        }

        var row = seat.FailedUnder is { } fence
            ? await _seats.SettleAsync(connection, seat, fence).ConfigureAwait(false)
            : await _seats.ReadAsync(connection, seat).ConfigureAwait(false);
        seat.FailedUnder = null;
        return row.Extent;
    }

    private async Task FlushAsync(List<CommitWork> works)
    {
        try
        {
            foreach (var shard in works.Select(static work => work.Shard).Where(shard => _seats.Known(shard) is null).Distinct())
            {
                await _database.PersistAsync(connection => _seats.FindAsync(connection, shard)).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            foreach (var work in works)
            {
                _seats.Known(work.Shard)?.FailedUnder = work.Commit.Fence;
                work.Fail(failure);
            }

            return;
        }

        var flush = new Flush(Seat(works));
        if (flush.IsEmpty)
        {
            return;
        }

        var ends = flush.Seats.ToDictionary(static seat => seat, static seat => (seat.Fence, seat.End));
        var isOpen = false;     // whether an earlier attempt may have done something
        try
        {
            await _database.PersistAsync(async connection =>
            {
                if (isOpen)
                {
                    await ResolveAsync(connection, flush, ends).ConfigureAwait(false);
                    isOpen = false;
                }

                if (!flush.IsEmpty)
                {
                    isOpen = true;
                    await flush.ApplyAsync(connection, _database.Schema).ConfigureAwait(false);
                }

                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            flush.FailAll(failure);
        }
    }

    /// <summary>Finds the shards' seats, and answers at once the commits that cannot be tried.</summary>
    private List<(ShardSeat Seat, CommitWork Work)> Seat(List<CommitWork> works)
    {
        var seated = new List<(ShardSeat, CommitWork)>(works.Count);
        foreach (var work in works)
        {
            if (_seats.Known(work.Shard) is not { } seat)
            {
                work.Fail(PostgreSqlErrors.Fenced(work.Shard, work.Commit.Fence, default));
            }
            else if (seat.FailedUnder == work.Commit.Fence)
            {
                work.Fail(PostgreSqlErrors.FollowsFailure(work.Shard));
            }
            else if (work.Fired.IsCancellationRequested)
            {
                seat.FailedUnder = work.Commit.Fence;
                work.Fail(new OperationCanceledException(work.Fired));
            }
            else
            {
                seated.Add((seat, work));
            }
        }

        return seated;
    }

    private async Task ResolveAsync(
        NpgsqlConnection connection, Flush flush, Dictionary<ShardSeat, (Fence Fence, LogPosition End)> before)
    {
        foreach (var seat in flush.Seats.ToList())
        {
            var (fence, end) = before[seat];
            flush.Resolve(seat, fence, end, await _seats.SettleAsync(connection, seat, fence).ConfigureAwait(false));
        }
    }
}

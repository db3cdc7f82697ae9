using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Shards;

/// <summary>A shard's commits on their way to the journal, in order, whatever becomes of each.</summary>
internal sealed class CommitLine(ShardEnvironment environment, ShardId shard, Fence fence, CancellationToken stopping)
{
    private const int RetryMillisMin = 50;
    private const int RetryMillisMax = 2_000;

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private Task _inDoubt = Task.CompletedTask;
    private int _retrying;
    private long _givesUpAt = long.MaxValue;

    /// <summary>Ends the patience with a journal that is away: a commit that still fails after this time fails its shard.</summary>
    /// <remarks>For a stop. The journal may never come back within this process, and what was not answered need not be kept.</remarks>
    internal void GiveUpAfter(TimeSpan patience) =>
        Volatile.Write(ref _givesUpAt, environment.Scheduler.MonotonicMillis + (long)patience.TotalMilliseconds);

    /// <summary>Commits, and finds out what became of a commit whose outcome is unknown. Calls are made in order.</summary>
    /// <remarks>While one is being resolved the later ones stand in line behind it: the journal would take them over its hole.</remarks>
    internal ValueTask AddAsync(JournalCommit commit)
    {
        lock (_lock)
        {
            // While an earlier commit is being settled, or was under way when one failed and may not have noticed yet that it
            // failed with it, this one waits: overtaking would tear the order of the log and its rows.
            var previous = _last;
            _last = _retrying > 0 || !_inDoubt.IsCompleted
                ? SettleAsync(commit, previous, isFresh: true)
                : CommitAfterAsync(commit, previous, environment.Journal.CommitAsync(commit, CancellationToken.None));
            return new ValueTask(_last);
        }
    }

    private async Task CommitAfterAsync(JournalCommit commit, Task previous, ValueTask committing)
    {
        try
        {
            await committing.ConfigureAwait(false);
            return;
        }
        catch (EngineException failure) when (failure.Code == EngineErrorCode.JournalUnavailable)
        {
            // Settled below: what was to come before this has to be decided first.
        }

        await SettleAsync(commit, previous, isFresh: false).ConfigureAwait(false);
    }

    /// <summary>Makes a commit durable after those before it, however often the journal is away.</summary>
    private async Task SettleAsync(JournalCommit commit, Task previous, bool isFresh)
    {
        lock (_lock)
        {
            _retrying++;
            _inDoubt = _last;
        }

        try
        {
            await previous.ConfigureAwait(false);
            for (var wait = RetryMillisMin; ; wait = Math.Min(RetryMillisMax, wait * 2))
            {
                try
                {
                    if (isFresh || !await IsCommittedAsync(commit).ConfigureAwait(false))
                    {
                        await environment.Journal.CommitAsync(commit, stopping).ConfigureAwait(false);
                    }

                    return;
                }
                catch (EngineException failure) when (failure.Code == EngineErrorCode.JournalUnavailable
                    && environment.Scheduler.MonotonicMillis < Volatile.Read(ref _givesUpAt))
                {
                    isFresh = false;
                    await environment.Scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), stopping).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _retrying--;
            }
        }
    }

    private async Task<bool> IsCommittedAsync(JournalCommit commit)
    {
        var extent = await environment.Journal.ReadExtentAsync(shard, stopping).ConfigureAwait(false);
        return extent.Fence == fence
            ? commit.Record is not null && extent.End.Value >= commit.Position.Value
            : throw JournalErrors.Fenced(shard, fence, extent.Fence);
    }
}

using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Shards;

/// <summary>Lets old data keys of a shard die: after each checkpoint it has some rows sealed anew, and destroys the keys that nothing needs.</summary>
/// <remarks>
/// Works beside the turn, which alone seals: rows are read and opened on the store's lane and sealed in a batch of the shard's own. A row
/// that the shard wrote meanwhile is left as it is. New rows are durable before a key goes, so a crash anywhere loses nothing: the
/// next owner finds both keys, or no need of the old one.
/// </remarks>
internal sealed class KeyUpkeep(Shard shard, ShardStore store, ShardEnvironment environment) : IAsyncDisposable
{
    private const int RowsPerCommitMax = 256;
    private const long BytesPerCommitMax = 4 << 20;

    private readonly SerialLane _lane = new(environment.Scheduler);
    private readonly CancellationTokenSource _stopping = new();
    private OldRowSweep? _sweep;
    private long _rowsLeft;

    /// <summary>Gets how many rows stood under old data keys when last counted, less those sealed anew since.</summary>
    internal long RowsLeft => Math.Max(0, Volatile.Read(ref _rowsLeft));

    /// <summary>Does a checkpoint's share of the work, unless the last share is still being done.</summary>
    internal void Continue()
    {
        if (store.Keys.Numbers.Count > 1 && _lane.Length == 0 && !_stopping.IsCancellationRequested)
        {
            _lane.Enqueue(RunAsync);
        }
    }

    /// <summary>Stops between two steps; what is not done is done by the next owner.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        await _lane.DrainAsync().ConfigureAwait(false);
        await EndSweepAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            // From the turn, and durable: whatever was sealed before stands in the store, and all that follows is under this key.
            var sealing = 0u;
            await TurnAsync(_ => sealing = store.SealingKey).ConfigureAwait(false);
            if (_sweep is null)
            {
                await SurveyAsync(sealing).ConfigureAwait(false);
            }

            if (_sweep is not null)
            {
                await SweepAsync(_sweep, sealing).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or EngineException { Code: EngineErrorCode.EngineStopping })
        {
            // The shard ends; the next owner goes on.
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            EngineLog.KeyUpkeepFailed(environment.Logger, shard.Id.ToString(), failure.Message, failure);
            await EndSweepAsync().ConfigureAwait(false);    // counted anew after the next checkpoint
        }
    }

    private async Task SurveyAsync(uint sealing)
    {
        var uses = await store.Keys.FindOldUsesAsync(sealing, _stopping.Token).ConfigureAwait(false);
        Volatile.Write(ref _rowsLeft, uses.Rows);
        if (uses.Unused.Count > 0)
        {
            await TurnAsync(turn => turn.Rows.AddRange(uses.Unused.Select(DataKeys.DeletionOf))).ConfigureAwait(false);
            await store.ForgetKeysAsync(uses.Unused).ConfigureAwait(false);
            foreach (var number in uses.Unused)
            {
                EngineLog.DataKeyDestroyed(environment.Logger, number, shard.Id.ToString());
            }
        }

        if (uses.Rows > 0)
        {
            _sweep = new OldRowSweep(store.Keys, sealing, _stopping.Token);
        }
    }

    private async Task SweepAsync(OldRowSweep sweep, uint sealing)
    {
        for (var left = environment.Settings.Journal.ResealRowsMax; left > 0;)
        {
            var keys = await sweep.NextAsync(Math.Min(left, RowsPerCommitMax)).ConfigureAwait(false);
            if (keys.Count == 0)
            {
                await EndSweepAsync().ConfigureAwait(false);
                return;
            }

            left -= keys.Count;
            for (var done = 0; done < keys.Count;)
            {
                done += await ResealAsync(keys.GetRange(done, keys.Count - done), sealing).ConfigureAwait(false);
            }
        }
    }

    private async Task<int> ResealAsync(List<RowKey> keys, uint sealing)
    {
        // Noted before the rows are read: what the shard writes from here on is newer than what is read.
        var written = new HashSet<RowKey>();
        await TurnAsync(_ => shard.NoteRows(written)).ConfigureAwait(false);
        var rows = new List<OpenedRow>();
        try
        {
            (rows, var done) = await store.OpenOldRowsAsync(keys, sealing, BytesPerCommitMax).ConfigureAwait(false);
            await TurnAsync(turn =>
            {
                written.UnionWith(turn.Rows.Select(row => row.Key));
                turn.Rows.AddRange(rows.Where(row => !written.Contains(row.Key)).Select(row => store.Reseal(row, turn.Input.Wall)));
            }).ConfigureAwait(false);
            Interlocked.Add(ref _rowsLeft, -rows.Count);
            return done;
        }
        finally
        {
            rows.ForEach(row => row.Dispose());
            shard.PostInternal(new TurnWork(_ => shard.NoteRows(null)));
        }
    }

    private Task TurnAsync(Action<ShardTurn> work)
    {
        _stopping.Token.ThrowIfCancellationRequested();
        var done = new TaskCompletionSource(environment.Scheduler.Completion);
        shard.PostInternal(new TurnWork(work, () => done.TrySetResult(), reason => done.TrySetException(reason)));
        return done.Task;
    }

    private async Task EndSweepAsync()
    {
        if (_sweep is { } sweep)
        {
            _sweep = null;
            await sweep.DisposeAsync().ConfigureAwait(false);
        }
    }
}

namespace Kyberium.Engine.Sqlite;

/// <summary>One call that waits for the writer.</summary>
internal abstract class JournalWork
{
    private Exception? _failure;

    /// <summary>Gets how much the call adds to a flush.</summary>
    internal abstract long Bytes { get; }

    /// <summary>Takes part in a transaction. May run again when the transaction before did not commit.</summary>
    internal void Stage(JournalTransaction transaction) => _failure = TryStage(transaction);

    internal void Fail(Exception failure) => _failure = failure;

    /// <summary>Tells the caller. Runs on the thread pool, never on the writer.</summary>
    internal void Settle()
    {
        if (_failure is null)
        {
            Succeed();
        }
        else
        {
            Report(_failure);
        }
    }

    /// <returns>Why this call alone fails, or <see langword="null"/>.</returns>
    private protected abstract Exception? TryStage(JournalTransaction transaction);

    private protected abstract void Succeed();

    private protected abstract void Report(Exception failure);
}

/// <summary>A commit.</summary>
internal sealed class CommitWork(JournalCommit commit, CancellationToken cancelledBefore) : JournalWork
{
    private const int RowOverhead = 64;

    private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Outcome => _outcome.Task;

    internal JournalCommit Commit => commit;

    internal ShardId Shard => commit.Shard;

    internal Fence Fence => commit.Fence;

    internal override long Bytes { get; } =
        (commit.Record?.Length ?? 0) + commit.Rows.Sum(static row => (long)(row.Value?.Length ?? 0) + RowOverhead);

    private protected override Exception? TryStage(JournalTransaction transaction) => transaction.Commit(commit, cancelledBefore);

    private protected override void Succeed() => _outcome.SetResult();

    private protected override void Report(Exception failure)
    {
        if (failure is OperationCanceledException)
        {
            _outcome.SetCanceled(cancelledBefore);
        }
        else
        {
            _outcome.SetException(failure);
        }
    }
}

/// <summary>An acquisition, or only a look at the extent after all calls before it.</summary>
internal sealed class ExtentWork(ShardId shard, bool acquires, Fence? held = null) : JournalWork
{
    private readonly TaskCompletionSource<ShardExtent> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ShardExtent _extent;

    internal Task<ShardExtent> Outcome => _outcome.Task;

    internal ShardId Shard => shard;

    internal override long Bytes => 0;

    private protected override Exception? TryStage(JournalTransaction transaction) =>
        acquires ? transaction.Acquire(shard, held, out _extent) : transaction.ReadExtent(shard, out _extent);

    private protected override void Succeed() => _outcome.SetResult(_extent);

    private protected override void Report(Exception failure) => _outcome.SetException(failure);
}

namespace Kyberium.Engine.PostgreSql;

/// <summary>A call that waits for its shard's writer.</summary>
internal abstract class JournalWork(ShardId shard)
{
    internal ShardId Shard => shard;

    internal abstract void Fail(Exception failure);
}

internal sealed class CommitWork(JournalCommit commit, CancellationToken fired) : JournalWork(commit.Shard)
{
    // Answers run on the pool, so that the writer goes on with its next transaction.
    private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal JournalCommit Commit => commit;

    /// <summary>Gets a token that had fired before the call, or none.</summary>
    internal CancellationToken Fired => fired;

    internal Task Outcome => _outcome.Task;

    internal long Bytes { get; } = (commit.Record?.Length ?? 0) + commit.Rows.Sum(static row => 64L + (row.Value?.Length ?? 0));

    internal void Succeed() => _outcome.SetResult();

    internal override void Fail(Exception failure)
    {
        if (failure is OperationCanceledException cancelled)
        {
            _outcome.SetCanceled(cancelled.CancellationToken);
        }
        else
        {
            _outcome.SetException(failure);
        }
    }
}

internal sealed class ExtentWork(ShardId shard, bool acquires, Fence? held = null) : JournalWork(shard)
{
    private readonly TaskCompletionSource<ShardExtent> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal bool Acquires => acquires;

    /// <summary>Gets the fence that the shard has to have; <see langword="null"/>: whichever it has.</summary>
    internal Fence? Held => held;

    /// <summary>Gets or sets whether the database was asked before, and may have done it although no answer came.</summary>
    internal bool IsRepeated { get; set; }

    internal Task<ShardExtent> Outcome => _outcome.Task;

    internal void Succeed(ShardExtent extent) => _outcome.SetResult(extent);

    internal override void Fail(Exception failure) => _outcome.SetException(failure);
}

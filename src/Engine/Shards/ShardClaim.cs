using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Shards;

/// <summary>A shard that this process had, and takes over again unless somebody else has it by now.</summary>
/// <remarks>
/// <para>The process may have stood still at any moment since it last looked, so every look is one step with the taking over.</para>
/// <para>A fence one higher than the last may be a successor's instead of an unanswered attempt's. That does no harm: from a successor that has the shard a store with
/// several owners takes nothing (in PostgreSQL owner, plan and lease are checked in that step), and after one that gave it back this is a taking over like any
/// other: everything is read anew from the store.</para>
/// </remarks>
internal sealed class ShardClaim(ShardId id, Fence held)
{
    private Fence _held = held;
    private bool _isUnsure;

    /// <param name="journal">Where the shard lies.</param>
    /// <param name="found">The fence found before.</param>
    /// <param name="cancellationToken">Withdraws the call before it is taken.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardFenced"/>: somebody else has it.</exception>
    internal async Task<ShardExtent> AcquireAsync(IJournal journal, Fence found, CancellationToken cancellationToken)
    {
        if (_isUnsure)
        {
            Settle(found);
        }

        try
        {
            var extent = await journal.AcquireAsync(id, _held, cancellationToken).ConfigureAwait(false);
            _held = extent.Fence;
            return extent;
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or EngineException { Code: EngineErrorCode.ShardFenced }))
        {
            _isUnsure = true;       // it may be done all the same
            Settle((await journal.ReadExtentAsync(id, cancellationToken).ConfigureAwait(false)).Fence);     // at once: later the next fence may be another's
            throw;
        }
    }

    /// <summary>Takes a fence that is one higher for that of the attempt whose outcome is not known, and any other for another owner's.</summary>
    private void Settle(Fence found)
    {
        if (found.Value != _held.Value && found.Value != _held.Value + 1)
        {
            throw JournalErrors.Fenced(id, _held, found);
        }

        _held = found;
        _isUnsure = false;
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine.Shards;

/// <summary>The batches of a shard that were staged and not performed yet, in that order, and what ended the shard: then there are none, and no more come.</summary>
/// <remarks>The turn adds, whoever performs takes, and anybody may end it.</remarks>
internal sealed class OpenBatches(int countMax)
{
    private readonly Queue<ShardTurn> _batches = new();
    private volatile EngineException? _fault;

    /// <summary>Gets what ended the shard; <see langword="null"/> while it serves.</summary>
    internal EngineException? Fault => _fault;

    /// <summary>Gets whether the turn need not wait: for a commit, that is, since an ended shard's turns answer what is left.</summary>
    internal bool HasRoom
    {
        get
        {
            lock (_batches)
            {
                return _fault is not null || _batches.Count < countMax;
            }
        }
    }

    /// <summary>Gets whether the first is durable, and <see cref="TryTake"/> would give it or what went wrong.</summary>
    internal bool IsNextDurable
    {
        get
        {
            lock (_batches)
            {
                return _fault is null && _batches.TryPeek(out var first) && IsDecided(first);
            }
        }
    }

    /// <summary>Adds a staged batch behind those before it; one that overtakes them is only let pass.</summary>
    /// <returns>Whether the shard still serves; otherwise the batch stays with the caller.</returns>
    internal bool TryAdd(ShardTurn batch)
    {
        lock (_batches)
        {
            if (_fault is not null)
            {
                return false;
            }

            if (!batch.Overtakes)
            {
                _batches.Enqueue(batch);
            }

            return true;
        }
    }

    /// <summary>Takes the first batch if it is durable.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="failed">The first batch's commit when that failed; the batch stays, to be answered by whoever ends the shard.</param>
    internal bool TryTake([NotNullWhen(true)] out ShardTurn? batch, out Task? failed)
    {
        failed = null;
        lock (_batches)
        {
            if (_fault is not null || !_batches.TryPeek(out batch) || !IsDecided(batch))
            {
                batch = null;
                return false;
            }

            if (batch.Committing is null or { IsCompletedSuccessfully: true })
            {
                _batches.Dequeue();
                return true;
            }

            failed = batch.Committing;
            batch = null;
            return false;
        }
    }

    /// <summary>Ends it, if nothing has before.</summary>
    /// <param name="reason">What ended the shard.</param>
    /// <param name="unanswered">The batches that will not be performed: the caller's to answer.</param>
    internal bool TryEnd(EngineException reason, out ShardTurn[] unanswered)
    {
        lock (_batches)
        {
            if (_fault is not null)
            {
                unanswered = [];
                return false;
            }

            _fault = reason;
            unanswered = [.. _batches];
            _batches.Clear();
            return true;
        }
    }

    // One with a commit that was not handed to the journal yet is still with the turn.
    private static bool IsDecided(ShardTurn batch) => batch.Committing is { } committing ? committing.IsCompleted : batch.Commit is null;
}

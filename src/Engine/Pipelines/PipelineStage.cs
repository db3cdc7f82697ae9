namespace Kyberium.Engine.Pipelines;

/// <summary>What a pipeline does to each item. One pipeline calls it from one thread at a time.</summary>
/// <remarks>
/// What an item needs lies behind several references, each in a line of memory that with thousands of peers is in no near cache. So blocks of items go
/// through a few steps of looking ahead, each of which reads what the one before has fetched and fetches the next, while the blocks before them are done:
/// where one item after the other would wait at each reference, the processor brings them in while it computes.
/// </remarks>
internal abstract class PipelineStage<TItem, TResult>
{
    /// <summary>How many items take a step together: a step of so many takes longer than memory does.</summary>
    internal const int BlockMax = 8;

    /// <summary>How many places a stage keeps what it looked up in: a block for each step, and the one that is done.</summary>
    internal const int PlaceCount = BlockMax * (StepMax + 1);

    /// <summary>The most steps of looking ahead.</summary>
    internal const int StepMax = 5;

    /// <summary>Gets how much an item adds to its batch, in bytes.</summary>
    internal abstract int SizeOf(in TItem item);

    /// <summary>Takes a step of looking ahead for the next few items.</summary>
    /// <param name="step">From 0 to <see cref="StepMax"/> - 1; each block takes all in this order before its first item is done.</param>
    /// <param name="block">At most <see cref="BlockMax"/> items.</param>
    /// <param name="place">The first's place; the others follow.</param>
    internal virtual void Look(int step, ReadOnlySpan<TItem> block, int place)
    {
    }

    /// <summary>Lets go of what was looked up: the batch is done.</summary>
    internal virtual void LookAway()
    {
    }

    /// <summary>Does the item at once, or says that it has to wait.</summary>
    /// <param name="item">One that was looked at.</param>
    /// <param name="place">Its place then.</param>
    /// <param name="result">What became of it.</param>
    internal abstract bool TryProcess(in TItem item, int place, out TResult result);

    /// <summary>Does an item that has to wait. Whatever is wrong with it becomes its result; only cancelling is thrown.</summary>
    internal abstract Task<TResult> ProcessAsync(TItem item, CancellationToken cancellationToken);
}

namespace Kyberium.Engine.Pipelines;

/// <summary>What a pipeline does to each item. One pipeline calls it from one thread at a time.</summary>
internal abstract class PipelineStage<TItem, TResult>
{
    /// <summary>How many items are looked up together: what their keys and states take, a few hundred bytes each, stays in the nearest cache.</summary>
    internal const int WindowMax = 16;

    /// <summary>Gets how much an item adds to its batch, in bytes.</summary>
    internal abstract int SizeOf(in TItem item);

    /// <summary>Looks up what the next few items need, all of them before the first is done: the processor then fetches it for all at once,
    /// where one after the other each would wait for memory.</summary>
    /// <param name="window">At most <see cref="WindowMax"/> items; none: what was looked up is let go.</param>
    internal virtual void Look(ReadOnlySpan<TItem> window)
    {
    }

    /// <summary>Does the item at once, or says that it has to wait.</summary>
    /// <param name="item">One of the window that was looked at.</param>
    /// <param name="place">Its place there.</param>
    /// <param name="result">What became of it.</param>
    internal abstract bool TryProcess(in TItem item, int place, out TResult result);

    /// <summary>Does an item that has to wait. Whatever is wrong with it becomes its result; only cancelling is thrown.</summary>
    internal abstract Task<TResult> ProcessAsync(TItem item, CancellationToken cancellationToken);
}

namespace Kyberium.Engine.Pipelines;

/// <summary>What a pipeline does to each item. One pipeline calls it from one thread at a time.</summary>
internal abstract class PipelineStage<TItem, TResult>
{
    /// <summary>Gets how much an item adds to its batch, in bytes.</summary>
    internal abstract int SizeOf(in TItem item);

    /// <summary>Does the item at once, or says that it has to wait.</summary>
    internal abstract bool TryProcess(in TItem item, out TResult result);

    /// <summary>Does an item that has to wait. Whatever is wrong with it becomes its result; only cancelling is thrown.</summary>
    internal abstract Task<TResult> ProcessAsync(TItem item, CancellationToken cancellationToken);
}

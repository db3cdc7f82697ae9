using Kyberium.Engine.Settings;

namespace Kyberium.Engine.Pipelines;

/// <summary>Items that are done in one go. Full by count, by bytes, or when the pipeline has room for no more.</summary>
internal sealed class Batch<TItem, TResult>(PipelineSettings settings, PipelineStage<TItem, TResult> stage)
{
    private readonly List<TItem> _items = [];
    private int _countMax;
    private long _bytes;

    internal int Count => _items.Count;

    internal bool IsFull => _items.Count >= _countMax || _bytes >= settings.BatchBytesMax;

    internal void Begin(int room)
    {
        _countMax = Math.Min(settings.BatchCountMax, room);
        _bytes = 0;
        _items.Clear();
    }

    /// <summary>Takes what is there now, until full.</summary>
    internal void Fill(ItemSource<TItem> source)
    {
        while (!IsFull && source.TryTake(out var item))
        {
            _items.Add(item);
            _bytes += stage.SizeOf(item);
        }
    }

    internal void Process(OrderedResults<TResult> inFlight, CancellationToken cancellationToken)
    {
        foreach (var item in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_items))
        {
            if (stage.TryProcess(item, out var result))
            {
                inFlight.Add(result);
            }
            else
            {
                inFlight.Add(stage.ProcessAsync(item, cancellationToken));
            }
        }
    }
}

using System.Runtime.InteropServices;
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
        ReadOnlySpan<TItem> left = CollectionsMarshal.AsSpan(_items);
        while (!left.IsEmpty)
        {
            var window = left[..Math.Min(PipelineStage<TItem, TResult>.WindowMax, left.Length)];
            left = left[window.Length..];
            stage.Look(window);
            for (var place = 0; place < window.Length; place++)
            {
                if (stage.TryProcess(window[place], place, out var result))
                {
                    inFlight.Add(result);
                }
                else
                {
                    inFlight.Add(stage.ProcessAsync(window[place], cancellationToken));
                }
            }
        }

        stage.Look(default);
    }
}

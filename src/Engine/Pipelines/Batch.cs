using Kyberium.Engine.Settings;

namespace Kyberium.Engine.Pipelines;

/// <summary>Items that are done in one go. Full by count, by bytes, or when the pipeline has room for no more.</summary>
internal sealed class Batch<TItem, TResult>(PipelineSettings settings, PipelineStage<TItem, TResult> stage)
{
    private const int BlockMax = PipelineStage<TItem, TResult>.BlockMax;
    private const int StepMax = PipelineStage<TItem, TResult>.StepMax;

    private TItem[] _items = new TItem[16];
    private int _countMax;
    private long _bytes;

    internal int Count { get; private set; }

    internal bool IsFull => Count >= _countMax || _bytes >= settings.BatchBytesMax;

    internal void Begin(int room)
    {
        _countMax = Math.Min(settings.BatchCountMax, room);
        _bytes = 0;
        Array.Clear(_items, 0, Count);
        Count = 0;
    }

    /// <summary>Takes what is there now, until full.</summary>
    internal void Fill(ItemSource<TItem> source)
    {
        while (!IsFull)
        {
            if (Count == _items.Length)
            {
                Array.Resize(ref _items, 2 * Count);
            }

            ref var place = ref _items[Count];      // taken straight into its place: each copy of a reference tells the collector
            if (!source.TryTake(out place!))
            {
                break;
            }

            Count++;
            _bytes += stage.SizeOf(place);
        }
    }

    /// <summary>Does all items. In each turn every block that is on its way takes its next step of looking ahead, and the one that has taken all is done.</summary>
    internal void Process(OrderedResults<TResult> inFlight, CancellationToken cancellationToken)
    {
        var items = new ReadOnlySpan<TItem>(_items, 0, Count);
        var blockCount = (items.Length + BlockMax - 1) / BlockMax;
        for (var turn = 0; turn < blockCount + StepMax; turn++)
        {
            for (var step = Math.Max(0, turn - blockCount + 1); step < StepMax && step <= turn; step++)
            {
                stage.Look(step, Block(items, turn - step), PlaceOf(turn - step));
            }

            if (turn >= StepMax)
            {
                Process(Block(items, turn - StepMax), PlaceOf(turn - StepMax), inFlight, cancellationToken);
            }
        }

        stage.LookAway();
    }

    private void Process(ReadOnlySpan<TItem> block, int place, OrderedResults<TResult> inFlight, CancellationToken cancellationToken)
    {
        foreach (ref readonly var item in block)
        {
            if (stage.TryProcess(item, place++, out var result))
            {
                inFlight.Add(result);
            }
            else
            {
                inFlight.Add(stage.ProcessAsync(item, cancellationToken));
            }
        }
    }

    private static ReadOnlySpan<TItem> Block(ReadOnlySpan<TItem> items, int number)
    {
        var left = items[(number * BlockMax)..];
        return left[..Math.Min(BlockMax, left.Length)];
    }

    private static int PlaceOf(int block) => block * BlockMax % PipelineStage<TItem, TResult>.PlaceCount;
}

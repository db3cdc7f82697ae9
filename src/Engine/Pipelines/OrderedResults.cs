using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Pipelines;

/// <summary>Results in the order of their items: done ones, and places of those still under way.</summary>
internal sealed class OrderedResults<TResult>(int countMax)
{
    private Place[] _ring = new Place[Math.Min(16, countMax)];
    private int _head;

    internal int Count { get; private set; }

    internal int Room => countMax - Count;

    /// <summary>Gets the oldest item's work when that is not done.</summary>
    internal Task<TResult>? Awaited => Count > 0 && _ring[_head].Pending is { IsCompleted: false } pending ? pending : null;

    internal void Add(in TResult result) => Next().Result = result;

    internal void Add(Task<TResult> pending) => Next().Pending = pending;

    /// <summary>Takes the oldest result if it is there; throws what its work threw.</summary>
    internal bool TryTake(out TResult result)
    {
        result = default!;
        if (Count == 0)
        {
            return false;
        }

        ref var place = ref _ring[_head];
        if (place.Pending is { } pending)
        {
            if (!pending.IsCompleted)
            {
                return false;
            }

            result = pending.GetAwaiter().GetResult();
        }
        else
        {
            result = place.Result;
        }

        place = default;
        _head = _head + 1 == _ring.Length ? 0 : _head + 1;
        Count--;
        return true;
    }

    /// <summary>Waits for everything under way, whatever becomes of it.</summary>
    internal async Task SettleAsync()
    {
        foreach (var place in _ring)
        {
            if (place.Pending is { } pending)
            {
                await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private ref Place Next()
    {
        Invariant.Holds(Count < countMax, "a batch was gathered into room that there is");
        if (Count == _ring.Length)
        {
            var grown = new Place[Math.Min(countMax, _ring.Length * 2)];
            for (var i = 0; i < Count; i++)
            {
                grown[i] = _ring[(_head + i) % _ring.Length];
            }

            _ring = grown;
            _head = 0;
        }

        var tail = _head + Count++;
        return ref _ring[tail >= _ring.Length ? tail - _ring.Length : tail];
    }

    private struct Place
    {
        internal TResult Result;
        internal Task<TResult>? Pending;
    }
}

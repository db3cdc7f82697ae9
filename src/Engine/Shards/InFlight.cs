namespace Kyberium.Engine.Shards;

/// <summary>Counts operations under way, so that what they use is not released under them.</summary>
internal sealed class InFlight(EngineScheduler scheduler)
{
    private readonly TaskCompletionSource _drained = new(scheduler.Completion);
    private readonly Lock _lock = new();
    private int _count;
    private bool _closed;

    /// <summary>Begins an operation; <see langword="false"/> when no more may begin. Pair with <see cref="Exit"/>.</summary>
    internal bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _count++;
            return true;
        }
    }

    internal void Exit()
    {
        bool isLast;
        lock (_lock)
        {
            isLast = --_count == 0 && _closed;
        }

        if (isLast)
        {
            _drained.TrySetResult();
        }
    }

    /// <summary>Lets no more begin. Completes when the last one under way has ended.</summary>
    internal Task CloseAsync()
    {
        bool isIdle;
        lock (_lock)
        {
            _closed = true;
            isIdle = _count == 0;
        }

        if (isIdle)
        {
            _drained.TrySetResult();
        }

        return _drained.Task;
    }
}

namespace Kyberium.Engine.Cluster.Tests.Joining;

/// <summary>A clock that its test moves. Timers that are due fire on the mover's thread, in the order they are due.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private readonly DateTimeOffset _start = System.GetUtcNow();
    private TimeSpan _gone;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _gone.Ticks;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _start + _gone;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits until so many sleep by this clock.</summary>
    internal Task AsleepAsync(int count) => TestCluster.UntilAsync(() =>
    {
        lock (_lock)
        {
            return _timers.Count == count;
        }
    });

    internal void Advance(TimeSpan by)
    {
        lock (_lock)
        {
            _gone += by;
        }

        while (Next() is { } due)
        {
            due.Fire();
        }
    }

    private Timer? Next()
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.Due <= _gone).MinBy(static timer => timer.Due);
            if (next is not null)
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class Timer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        internal TimeSpan Due { get; private set; }

        internal void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = clock._gone + dueTime;
                    clock._timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

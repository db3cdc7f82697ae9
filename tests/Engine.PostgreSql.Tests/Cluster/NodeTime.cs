namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>A node's monotonic clock, moved by its test. Timers that are due fire on the mover's thread, in the order they are due.</summary>
internal sealed class NodeTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _now.Ticks;
        }
    }

    /// <summary>Gets what completes when something waits for this clock for the first time.</summary>
    internal Task IsWaitedFor => _waited.Task;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets time pass as it does for a process that is stopped: no timer fires until <see cref="Advance"/>.</summary>
    internal void Pass(TimeSpan by)
    {
        lock (_lock)
        {
            _now += by;
        }
    }

    internal void Advance(TimeSpan by)
    {
        Pass(by);
        while (Next() is { } due)
        {
            due.Fire();
        }
    }

    private Timer? Next()
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.Due <= _now).MinBy(static timer => timer.Due);
            if (next is not null)
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class Timer(NodeTime time, TimerCallback callback, object? state) : ITimer
    {
        internal TimeSpan Due { get; private set; }

        internal void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._now + dueTime;
                    time._timers.Add(this);
                    time._waited.TrySetResult();
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

namespace Kyberium.Tests.Support;

/// <summary>A clock that stands still until its test moves it. Timers fire on the mover's thread, in the order they are due.</summary>
/// <param name="start">What the wall clock shows at first; by default a day of 2026, so that a test sees the same dates whenever it runs.</param>
internal sealed class ManualTime(DateTimeOffset? start = null) : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DateTimeOffset _start = start ?? new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _watchers = [];
    private TimeSpan _elapsed = TimeSpan.FromMinutes(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Gets how many timers will fire.</summary>
    internal int TimerCount
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    private TimeSpan Elapsed
    {
        get
        {
            lock (_lock)
            {
                return _elapsed;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves from timer to timer: each fires at the time it is due.</summary>
    internal void Advance(TimeSpan by)
    {
        var end = Elapsed + by;
        while (Next(end) is { } due)
        {
            due.Fire();
        }

        lock (_lock)
        {
            _elapsed = end > _elapsed ? end : _elapsed;
        }
    }

    /// <summary>Lets time pass as it does for a process that is stopped: no timer fires until the clock is moved again.</summary>
    internal void Pass(TimeSpan by)
    {
        lock (_lock)
        {
            _elapsed += by;
        }
    }

    /// <summary>Lets time pass at once, and then fires what became due meanwhile: whoever it wakes finds the whole time gone.</summary>
    internal void Leap(TimeSpan by)
    {
        Pass(by);
        Advance(TimeSpan.Zero);
    }

    /// <summary>Waits until exactly so many timers wait for this clock.</summary>
    internal async Task AsleepAsync(int count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _watchers.Add((count, reached));
            Tell();
        }

        try
        {
            await reached.Task.WaitAsync(Patience);
        }
        catch (TimeoutException late)
        {
            lock (_lock)
            {
                throw new TimeoutException($"after {Patience} {_timers.Count} timers wait for the clock, not {count}", late);
            }
        }
    }

    private Timer? Next(TimeSpan end)
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.Due <= end).MinBy(static timer => timer.Due);
            if (next is null)
            {
                return null;
            }

            _elapsed = next.Due > _elapsed ? next.Due : _elapsed;
            if (next.Period > TimeSpan.Zero)
            {
                next.Due += next.Period;
            }
            else
            {
                _timers.Remove(next);
                Tell();
            }

            return next;
        }
    }

    private void Tell()
    {
        foreach (var (_, reached) in _watchers.Where(watcher => watcher.Count == _timers.Count))
        {
            reached.TrySetResult();
        }

        _watchers.RemoveAll(static watcher => watcher.Reached.Task.IsCompleted);
    }

    private sealed class Timer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        internal TimeSpan Due { get; set; }

        internal TimeSpan Period { get; private set; }

        internal void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._elapsed + dueTime;
                    Period = period;
                    time._timers.Add(this);
                }

                time.Tell();
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

namespace Kyberium.Simulation.World;

/// <summary>A process's clocks and timers in virtual time. The wall clock may be set; the monotonic one only runs, a little fast or slow.</summary>
/// <param name="driftPpm">By how many microseconds in a second the monotonic clock and the timers gain; negative where they lose.</param>
internal sealed class SimulatedTime(SimulatedWorld world, SimulatedProcess process, Func<long> wallOffset, long monotonicOffset, int driftPpm) : TimeProvider
{
    private const long Million = 1_000_000;

    internal static readonly DateTimeOffset Began = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => 1_000_000;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => Began.AddMicroseconds(world.Now + wallOffset());

    public override long GetTimestamp() => world.Now + (world.Now * driftPpm / Million) + monotonicOffset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(world, process, callback, state, driftPpm);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(SimulatedWorld world, SimulatedProcess process, TimerCallback callback, object? state, int driftPpm) : ITimer
    {
        private SimulatedWorld.Due? _next;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
            {
                return false;
            }

            Cancel();
            if (dueTime != Timeout.InfiniteTimeSpan && process.Effect())
            {
                Arm(dueTime, period);
            }

            return true;
        }

        public void Dispose()
        {
            _disposed = true;
            Cancel();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Arm(TimeSpan wait, TimeSpan period) =>
            _next = world.After(process, (long)(wait.TotalMicroseconds * Million / (Million + driftPpm)), () =>
            {
                _next = null;
                if (period != Timeout.InfiniteTimeSpan && period > TimeSpan.Zero)
                {
                    Arm(period, period);
                }

                callback(state);
            });

        private void Cancel()
        {
            if (_next is { } next)
            {
                next.IsCancelled = true;
                _next = null;
            }
        }
    }
}

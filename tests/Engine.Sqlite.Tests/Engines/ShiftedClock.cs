namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>A machine whose wall clock is set while it runs. Its monotonic clock and its timers do not care, as on a real one.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shiftTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _shiftTicks));

    internal void Shift(TimeSpan by) => Interlocked.Add(ref _shiftTicks, by.Ticks);
}

namespace Kyberium.Engine.Tests.Engine;

/// <summary>The system's clock, with a wall clock that can be moved ahead: what a process sees that slept or was started a day later.</summary>
internal sealed class MovedTime : TimeProvider
{
    private long _aheadTicks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _aheadTicks));

    internal void Move(TimeSpan by) => Interlocked.Add(ref _aheadTicks, by.Ticks);
}

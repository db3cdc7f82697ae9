namespace Kyberium.Engine.Shards;

/// <summary>How many messages one reader of the inbox takes at a time: few, so that several readers share the work; more while its takes last longer than what they bring
/// keeps it busy, for then takes are what bounds it. One reader's alone.</summary>
internal sealed class TakeShare(EngineScheduler scheduler)
{
    internal const int CountMin = 64;
    internal const int CountMax = 1_024;

    private long _beganAt;
    private long? _takenAt;
    private long _tookMillis;

    /// <summary>Gets how many to take now.</summary>
    internal int Count { get; private set; } = CountMin;

    /// <summary>The reader is back: it is done with what it had.</summary>
    internal void Ask()
    {
        if (_takenAt is { } takenAt)
        {
            var busyMillis = scheduler.MonotonicMillis - takenAt;
            Count = busyMillis < _tookMillis ? Math.Min(CountMax, 2 * Count)
                : busyMillis > 2 * _tookMillis ? Math.Max(CountMin, Count / 2)
                : Count;
        }
    }

    /// <summary>There are messages, and a take begins.</summary>
    internal void Begin() => _beganAt = scheduler.MonotonicMillis;

    /// <summary>It has given some.</summary>
    internal void End()
    {
        var now = scheduler.MonotonicMillis;
        (_takenAt, _tookMillis) = (now, now - _beganAt);
    }
}

namespace Kyberium.Configuration.Hocon;

/// <summary>Durations as HOCON writes them: <c>10s</c>, <c>1.5 minutes</c>, <c>250</c>.</summary>
/// <remarks>Source: HOCON.md, "Duration format". Units are lower case.</remarks>
public static class HoconDuration
{
    /// <summary>What a duration looks like, for messages.</summary>
    public const string Expected = "a number and one of ns, us, ms, s, m, h, d, such as 10s; without a unit, milliseconds";

    /// <summary>Reads a duration.</summary>
    /// <param name="text">Number, optional unit name; without one, milliseconds. May be negative or fractional.</param>
    /// <param name="duration">Receives the duration, cut to whole ticks of 100 ns.</param>
    /// <returns>False when the text has another form, is out of range, or is shorter than a tick without being zero.</returns>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        if (!HoconAmount.TrySplit(text, out var amount, out var unit)
            || TicksOf(unit) is not { } ticksPerUnit
            || !HoconAmount.TryScale(amount, ticksPerUnit, long.MaxValue, out var ticks))
        {
            return false;
        }

        duration = new TimeSpan(ticks);
        return true;
    }

    private static decimal? TicksOf(string unit) => unit switch
    {
        "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 0.01m,
        "us" or "micro" or "micros" or "microsecond" or "microseconds" => TimeSpan.TicksPerMicrosecond,
        "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TimeSpan.TicksPerMillisecond,
        "s" or "second" or "seconds" => TimeSpan.TicksPerSecond,
        "m" or "minute" or "minutes" => TimeSpan.TicksPerMinute,
        "h" or "hour" or "hours" => TimeSpan.TicksPerHour,
        "d" or "day" or "days" => TimeSpan.TicksPerDay,
        _ => null,
    };
}

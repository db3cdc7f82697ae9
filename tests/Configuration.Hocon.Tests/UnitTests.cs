namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>HOCON.md, "Units format", "Duration format", "Size in bytes format", "Automatic type conversions".</summary>
public sealed class UnitTests
{
    [Theory]
    [InlineData("100ns", 1), InlineData("250 nanos", 2), InlineData("1us", 10), InlineData("1.5 micros", 15)]
    [InlineData("1ms", 10_000), InlineData("250", 2_500_000), InlineData("1 milli", 10_000), InlineData("10s", 100_000_000)]
    [InlineData(" 10 \u00A0seconds ", 100_000_000), InlineData("1.5 m", 900_000_000), InlineData("1 hour", 36_000_000_000)]
    [InlineData("1d", 864_000_000_000), InlineData("-1s", -10_000_000), InlineData("1e3 ms", 10_000_000), InlineData("0", 0), InlineData("0.0 ns", 0)]
    public void Durations_are_read(string text, long ticks)
    {
        Assert.True(HoconDuration.TryParse(text, out var duration));
        Assert.Equal(ticks, duration.Ticks);
    }

    [Theory]
    [InlineData("ns nano nanos nanosecond nanoseconds", "1000000000"), InlineData("us micro micros microsecond microseconds", "1000000")]
    [InlineData("ms milli millis millisecond milliseconds", "1000"), InlineData("s second seconds", "1")]
    [InlineData("m minute minutes", "0.01666666666666666666666667"), InlineData("h hour hours", "0.000277777777777777777777778")]
    [InlineData("d day days", "0.0000115740740740740740741")]
    public void Every_duration_unit_is_known(string units, string perSecond)
    {
        foreach (var unit in units.Split(' '))
        {
            Assert.True(HoconDuration.TryParse(perSecond + unit, out var duration), unit);
            Assert.InRange(duration.Ticks, TimeSpan.TicksPerSecond - 1, TimeSpan.TicksPerSecond);
        }
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("s"), InlineData("10S"), InlineData("10 Ms"), InlineData("10 s x"), InlineData("10 fortnights")]
    [InlineData("1ns"), InlineData("1e-30 s"), InlineData("99999999 d"), InlineData("1e40"), InlineData(".5s"), InlineData("00:00:10"), InlineData("+1s")]
    public void Other_durations_are_refused(string? text) => Assert.False(HoconDuration.TryParse(text, out _));

    [Theory]
    [InlineData("512", 512), InlineData("64MiB", 64L << 20), InlineData("64 MB", 64_000_000), InlineData("1K", 1024), InlineData("1k", 1024)]
    [InlineData("1kB", 1000), InlineData("0.5 KiB", 512), InlineData("1.3Ki", 1331), InlineData("2 kibibytes", 2048), InlineData("2 kilobytes", 2000)]
    [InlineData("1Gi", 1L << 30), InlineData("1 T", 1L << 40), InlineData("1p", 1L << 50), InlineData("7E", 7L << 60), InlineData("9EB", 9_000_000_000_000_000_000)]
    [InlineData("1e3", 1000), InlineData("1e", 1L << 60), InlineData("1 byte", 1), InlineData("0 YiB", 0), InlineData("0.000001 YB", 1_000_000_000_000_000_000)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(HoconSize.TryParse(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("B b byte bytes", 1), InlineData("kB kilobyte kilobytes", 1e3), InlineData("MB megabyte megabytes", 1e6)]
    [InlineData("GB gigabyte gigabytes", 1e9), InlineData("TB terabyte terabytes", 1e12), InlineData("PB petabyte petabytes", 1e15)]
    [InlineData("EB exabyte exabytes", 1e18), InlineData("K k Ki KiB kibibyte kibibytes", 1024d), InlineData("M m Mi MiB mebibyte mebibytes", 1048576d)]
    [InlineData("G g Gi GiB gibibyte gibibytes", 1073741824d), InlineData("T t Ti TiB tebibyte tebibytes", 1099511627776d)]
    [InlineData("P p Pi PiB pebibyte pebibytes", 1125899906842624d), InlineData("E e Ei EiB exbibyte exbibytes", 1152921504606846976d)]
    public void Every_size_unit_is_known(string units, double bytes)
    {
        foreach (var unit in units.Split(' '))
        {
            Assert.True(HoconSize.TryParse("1 " + unit, out var size), unit);
            Assert.Equal((long)bytes, size);
        }
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("KiB"), InlineData("-1"), InlineData("1KB"), InlineData("1 kIb"), InlineData("8 EiB"), InlineData("1YB")]
    [InlineData("1 ZiB"), InlineData("0.5"), InlineData("0.1B"), InlineData("1 KiB 2"), InlineData("1_000")]
    public void Other_sizes_are_refused(string? text) => Assert.False(HoconSize.TryParse(text, out _));

    [Theory]
    [InlineData("true", true), InlineData("yes", true), InlineData("on", true), InlineData("True", true)]
    [InlineData("false", false), InlineData("no", false), InlineData("off", false), InlineData("False", false)]
    public void Booleans_are_read(string text, bool value)
    {
        Assert.True(HoconBoolean.TryParse(text, out var read));
        Assert.Equal(value, read);
    }

    [Theory, InlineData(null), InlineData(""), InlineData("1"), InlineData("y"), InlineData(" true")]
    public void Other_booleans_are_refused(string? text) => Assert.False(HoconBoolean.TryParse(text, out _));
}

namespace Kyberium.Configuration.Hocon;

/// <summary>Sizes in bytes as HOCON writes them: <c>64MiB</c>, <c>1.5 kB</c>, <c>512</c>.</summary>
/// <remarks>Source: HOCON.md, "Size in bytes format". <c>kB</c>, <c>MB</c>… are powers of ten; <c>KiB</c>, <c>MiB</c>… and
/// single letters are powers of two.</remarks>
public static class HoconSize
{
    /// <summary>What a size looks like, for messages.</summary>
    public const string Expected =
        "a number and a unit: KiB, MiB, GiB, TiB (powers of two) or kB, MB, GB, TB (powers of ten); without a unit, bytes";

    private static readonly Dictionary<string, decimal> Units = MakeUnits();

    /// <summary>Reads a size.</summary>
    /// <param name="text">Number, optional unit name; without one, bytes. May be fractional.</param>
    /// <param name="bytes">Receives the size, cut to whole bytes; 0 to 2^63 - 1.</param>
    /// <returns>False when the text has another form, is negative or out of range, or is less than a byte without being
    /// zero.</returns>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        return HoconAmount.TrySplit(text, out var amount, out var unit)
            && amount >= 0
            && Units.TryGetValue(unit, out var bytesPerUnit)
            && HoconAmount.TryScale(amount, bytesPerUnit, long.MaxValue, out bytes);
    }

    private static Dictionary<string, decimal> MakeUnits()
    {
        var units = new Dictionary<string, decimal>(StringComparer.Ordinal)
        {
            [""] = 1, ["B"] = 1, ["b"] = 1, ["byte"] = 1, ["bytes"] = 1,
        };
        var (ten, two) = (1m, 1m);
        foreach (var (letter, decimalName, binaryName) in new[]
        {
            ("K", "kilo", "kibi"), ("M", "mega", "mebi"), ("G", "giga", "gibi"), ("T", "tera", "tebi"),
            ("P", "peta", "pebi"), ("E", "exa", "exbi"), ("Z", "zetta", "zebi"), ("Y", "yotta", "yobi"),
        })
        {
            (ten, two) = (ten * 1_000, two * 1_024);
            foreach (var name in new[] { letter == "K" ? "kB" : letter + "B", decimalName + "byte", decimalName + "bytes" })
            {
                units.Add(name, ten);
            }

            foreach (var name in new[]
            {
                letter, letter.ToLowerInvariant(), letter + "i", letter + "iB", binaryName + "byte", binaryName + "bytes",
            })
            {
                units.Add(name, two);
            }
        }

        return units;
    }
}

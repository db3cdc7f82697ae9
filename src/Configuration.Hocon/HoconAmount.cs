using System.Globalization;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon;

/// <summary>A number and a unit name. Source: HOCON.md, "Units format".</summary>
internal static class HoconAmount
{
    /// <summary>Splits blank, number, blank, letters, blank; the unit is empty when there is none.</summary>
    internal static bool TrySplit(string? text, out decimal amount, out string unit)
    {
        (amount, unit) = (0, "");
        var rest = text.AsSpan();
        Trim(ref rest);
        var length = JsonNumber.Length(rest);
        if (length == 0 || !decimal.TryParse(rest[..length],
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out amount)
            || (amount == 0 && rest[..length].IndexOfAnyInRange('1', '9') is >= 0 and var digit
                && rest[..length].IndexOfAny('e', 'E') is var exponent && (exponent < 0 || digit < exponent)))   // too small
        {
            return false;
        }

        rest = rest[length..];
        Trim(ref rest);
        foreach (var c in rest)
        {
            if (!char.IsLetter(c))
            {
                return false;
            }
        }

        unit = rest.ToString();
        return true;
    }

    /// <summary>Multiplies and drops the fraction. False when the product is beyond <paramref name="max"/>, or when an
    /// amount that is not zero would become zero.</summary>
    internal static bool TryScale(decimal amount, decimal unitsPerAmount, long max, out long units)
    {
        units = 0;
        if (Math.Abs(amount) > max / unitsPerAmount)
        {
            return false;
        }

        units = (long)decimal.Truncate(amount * unitsPerAmount);
        return units != 0 || amount == 0;
    }

    private static void Trim(ref ReadOnlySpan<char> text)
    {
        while (text is [var first, ..] && Whitespace.IsWhitespace(first))
        {
            text = text[1..];
        }

        while (text is [.., var last] && Whitespace.IsWhitespace(last))
        {
            text = text[..^1];
        }
    }
}

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>The number format of JSON. Source: RFC 8259 section 6.</summary>
internal static class JsonNumber
{
    /// <summary>Returns how many leading characters of <paramref name="text"/> are a number; 0 when none.</summary>
    internal static int Length(ReadOnlySpan<char> text)
    {
        var position = text is ['-', ..] ? 1 : 0;
        var digits = Digits(text[position..]);
        if (digits == 0)
        {
            return 0;
        }

        position += text[position] == '0' ? 1 : digits;
        if (position < text.Length && text[position] == '.' && Digits(text[(position + 1)..]) is > 0 and var fraction)
        {
            position += 1 + fraction;
        }

        if (position < text.Length && text[position] is 'e' or 'E')
        {
            var sign = position + 1 < text.Length && text[position + 1] is '+' or '-' ? 1 : 0;
            if (Digits(text[(position + 1 + sign)..]) is > 0 and var exponent)
            {
                position += 1 + sign + exponent;
            }
        }

        return position;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var other = text.IndexOfAnyExceptInRange('0', '9');
        return other < 0 ? text.Length : other;
    }
}

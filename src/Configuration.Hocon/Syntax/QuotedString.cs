using System.Globalization;
using System.Text;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>A string in double quotes. Source: RFC 8259 section 7, which HOCON.md leaves unchanged.</summary>
internal static class QuotedString
{
    /// <summary>Reads the string whose opening quote is at <paramref name="start"/>.</summary>
    /// <returns>The value, the position behind the closing quote and, when it is no string, what to do; then the
    /// position is the end of the line or of the string.</returns>
    internal static (string Value, int End, string? Error) Read(string text, int start)
    {
        var value = new StringBuilder();
        string? error = null;
        for (var i = start + 1; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '"')
            {
                return (value.ToString(), i + 1, error);
            }

            if (c == '\n')
            {
                return ("", i, "this string is not closed on its line; add the closing \", or use \"\"\" for several lines");
            }

            if (c < ' ')
            {
                error ??= $"a string cannot hold the control character U+{(int)c:X4}; write \\u{(int)c:x4}";
            }
            else if (c == '\\')
            {
                i++;
                error = Escape(text, ref i, value) ? error : error ?? "unknown escape; use \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX";
            }
            else
            {
                value.Append(c);
            }
        }

        return ("", text.Length, "this string is never closed; add the closing \"");
    }

    private static bool Escape(string text, ref int i, StringBuilder value)
    {
        switch (i < text.Length ? text[i] : '\n')
        {
            case '"': value.Append('"'); return true;
            case '\\': value.Append('\\'); return true;
            case '/': value.Append('/'); return true;
            case 'b': value.Append('\b'); return true;
            case 'f': value.Append('\f'); return true;
            case 'n': value.Append('\n'); return true;
            case 'r': value.Append('\r'); return true;
            case 't': value.Append('\t'); return true;
            case 'u' when i + 4 < text.Length && ushort.TryParse(
                text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                value.Append((char)unit);
                i += 4;
                return true;
            default:
                i--;    // the character is read again: it may be the newline or quote that ends the string
                return false;
        }
    }
}

using System.Globalization;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>What counts as blank. Source: HOCON.md, "Whitespace".</summary>
internal static class Whitespace
{
    internal static bool IsWhitespace(char c) =>
        c is ' ' or '\t' or '\n' or '\v' or '\f' or '\r' or '\uFEFF' or (>= '\u001C' and <= '\u001F')
        || (c > '\u007F' && char.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}

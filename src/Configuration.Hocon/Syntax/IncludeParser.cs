using System.Text;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Reads an include statement. Source: HOCON.md, "Include syntax".</summary>
internal static class IncludeParser
{
    private static readonly string[] UrlSchemes = ["http:", "https:", "file:", "ftp:", "jar:"];

    /// <summary>Reads from the word <c>include</c>; returns null after a reported problem.</summary>
    internal static IncludeNode? Parse(TokenCursor cursor, Parser parser)
    {
        var statement = cursor.Take();
        var wrapping = Wrapping(cursor);
        var name = cursor.Current;
        if (name.Kind != TokenKind.Quoted)
        {
            parser.Report(statement, "include needs one quoted file name: include \"x.conf\", include file(\"x.conf\") or "
                + "include required(\"x.conf\"); a key named include must be quoted");
            return null;
        }

        cursor.Take();
        var isRequired = wrapping.StartsWith("required(", StringComparison.Ordinal);
        var kind = isRequired ? wrapping["required(".Length..] : wrapping;
        if (kind is "url(" or "classpath(" || UrlSchemes.Any(s => name.Text.StartsWith(s, StringComparison.OrdinalIgnoreCase)))
        {
            parser.Report(statement, "only files can be included, not URLs or class path resources; "
                + "copy it beside this file and write include file(\"x.conf\")");
            return null;
        }

        if (kind is not ("" or "file("))
        {
            parser.Report(statement, $"'{wrapping}' is no form of include; write include \"x.conf\", file(\"x.conf\") or required(\"x.conf\")");
            return null;
        }

        if (name.Text.Length == 0)
        {
            parser.Report(name, "the name of the file to include is empty; write its path");
            return null;
        }

        return Closed(cursor, wrapping.Count(c => c == '('))
            ? new IncludeNode(cursor.At(statement), name.Text, isRequired)
            : Unclosed(parser, statement);
    }

    private static string Wrapping(TokenCursor cursor)
    {
        var text = new StringBuilder();
        while (cursor.Kind is TokenKind.Whitespace or TokenKind.Newline or TokenKind.Unquoted)
        {
            var token = cursor.Current;
            if (token.Kind == TokenKind.Unquoted)
            {
                if (!token.Text.EndsWith('('))
                {
                    break;
                }

                text.Append(token.Text);
            }

            cursor.Take();
        }

        return text.ToString();
    }

    private static bool Closed(TokenCursor cursor, int parentheses)
    {
        while (parentheses > 0)
        {
            cursor.SkipBlanksAndNewlines();
            var token = cursor.Current;
            if (token.Kind != TokenKind.Unquoted || token.Text.Any(c => c != ')') || token.Text.Length > parentheses)
            {
                return false;
            }

            parentheses -= token.Text.Length;
            cursor.Take();
        }

        return true;
    }

    private static IncludeNode? Unclosed(Parser parser, Token statement)
    {
        parser.Report(statement, "the parentheses of this include do not match; close each with ')'");
        return null;
    }
}

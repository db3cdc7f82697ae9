using System.Text;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Reads one value: everything up to the end of the line, a comma or a closing bracket.
/// Source: HOCON.md, "Value concatenation" and "Substitutions".</summary>
internal sealed class ValueParser(TokenCursor cursor, Parser parser)
{
    /// <summary>Returns the value; a <see cref="ScalarKind.Broken"/> one after a reported problem.</summary>
    internal SyntaxNode Value()
    {
        var isOnLaterLine = cursor.SkipBlanksAndNewlines();    // than its key, which is allowed
        var first = cursor.Current;
        var parts = new List<SyntaxNode>();
        var isBroken = false;
        while (Part(isOnLaterLine) is { } part)
        {
            isBroken |= part is ScalarNode { Kind: ScalarKind.Broken };
            parts.Add(part);
        }

        if (parts is [.., BlankNode])
        {
            parts.RemoveAt(parts.Count - 1);
        }

        if (parts.Count == 0)
        {
            parser.Report(first, $"{Parser.Describe(first)} stands where a value belongs; write a value, \"\" for an empty string");
            return parser.Broken(first);
        }

        return isBroken || MixesLiterals(first, parts) ? parser.Broken(first) : Join(cursor.At(first), parts);
    }

    private SyntaxNode? Part(bool isOnLaterLine)
    {
        var token = cursor.Current;
        switch (token.Kind)
        {
            case TokenKind.BraceOpen:
                return parser.Object();
            case TokenKind.BracketOpen:
                return parser.Array();
            case TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen:
                return Substitution();
            case TokenKind.Colon or TokenKind.EqualSign or TokenKind.PlusEquals:
                parser.Report(token, isOnLaterLine
                    ? "the key on the line before has no value; write a value, \"\" for an empty string"
                    : $"'{token.Text}' cannot stand in a value; quote the value, or put this field on its own line");
                return Skip(token);
            case TokenKind.Invalid:
                parser.Report(token, token.Text);
                return Skip(token);
            case TokenKind.Whitespace:
                cursor.Take();
                return new BlankNode(cursor.At(token), token.Text);
        }

        if (!token.IsSimple)
        {
            return null;
        }

        cursor.Take();
        return new ScalarNode(cursor.At(token), KindOf(token.Kind), token.Text);
    }

    private ScalarNode Skip(Token token)
    {
        cursor.SkipToNextLine();
        return parser.Broken(token);
    }

    private SyntaxNode Substitution()
    {
        var open = cursor.Take();
        var start = cursor.Position;
        while (cursor.Kind is not (TokenKind.BraceClose or TokenKind.Newline or TokenKind.EndOfFile
            or TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen))
        {
            cursor.Take();
        }

        if (cursor.Kind is TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen)
        {
            parser.Report(open, "a substitution cannot stand inside another; give the inner one its own key");
            return Skip(open);
        }

        if (cursor.Kind != TokenKind.BraceClose)
        {
            parser.Report(open, "this substitution is not closed on its line; add '}'");
            return parser.Broken(open);
        }

        var (path, error, at) = KeyPath.Read(cursor.Since(start));
        cursor.Take();
        if (error is not null)
        {
            parser.Report(at.Line == 0 ? open : at, error);
            return parser.Broken(open);
        }

        return new SubstitutionNode(cursor.At(open), path, open.Kind == TokenKind.OptionalSubstitutionOpen);
    }

    private bool MixesLiterals(Token first, List<SyntaxNode> parts)
    {
        if (!parts.Exists(part => part is ScalarNode) || !parts.Exists(part => part is ObjectNode or ArrayNode))
        {
            return false;
        }

        parser.Report(first, "text cannot be joined with an object or a list; separate them by a comma or a new line, or quote the text");
        return true;
    }

    private static SyntaxNode Join(HoconOrigin origin, List<SyntaxNode> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        if (!parts.TrueForAll(part => part is ScalarNode or BlankNode))
        {
            return new JoinNode(origin, parts);
        }

        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part is BlankNode blank ? blank.Text : ((ScalarNode)part).Text);
        }

        return new ScalarNode(origin, ScalarKind.String, text.ToString());
    }

    private static ScalarKind KindOf(TokenKind kind) => kind switch
    {
        TokenKind.Number => ScalarKind.Number,
        TokenKind.True or TokenKind.False => ScalarKind.Boolean,
        TokenKind.Null => ScalarKind.Null,
        _ => ScalarKind.String,
    };
}

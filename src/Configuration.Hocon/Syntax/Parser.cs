namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Reads the tokens of one HOCON file. Reports every problem and goes on with the next line.
/// Source: HOCON.md, "Syntax".</summary>
internal sealed class Parser
{
    private readonly TokenCursor _cursor;
    private readonly ProblemList _problems;
    private readonly ValueParser _values;
    private readonly int _nestingDepthMax;
    private KeyPath _key = KeyPath.Empty;
    private int _depth;

    private Parser(TokenCursor cursor, HoconLimits limits, ProblemList problems)
    {
        _cursor = cursor;
        _problems = problems;
        _nestingDepthMax = limits.NestingDepthMax;
        _values = new ValueParser(cursor, this);
    }

    /// <summary>Returns the root, an object or an array; an empty text is an empty object.</summary>
    internal static SyntaxNode Parse(string file, string text, HoconLimits limits, ProblemList problems)
    {
        var cursor = new TokenCursor(file, Tokenizer.Tokenize(text));
        return new Parser(cursor, limits, problems).Root();
    }

    /// <summary>Reads an object from its opening brace to its closing one.</summary>
    internal SyntaxNode Object()
    {
        var open = _cursor.Take();
        return Nested(open, () => Members(open)) is { } members ? new ObjectNode(_cursor.At(open), members) : Broken(open);
    }

    /// <summary>Reads an array from its opening bracket to its closing one.</summary>
    internal SyntaxNode Array()
    {
        var open = _cursor.Take();
        return Nested(open, () => Elements(open)) is { } elements ? new ArrayNode(_cursor.At(open), elements) : Broken(open);
    }

    internal ScalarNode Broken(Token at) => new(_cursor.At(at), ScalarKind.Broken, "");

    internal void Report(Token at, string message) => _problems.Add(_cursor.At(at), _key.ToString(), message);

    private SyntaxNode Root()
    {
        _cursor.SkipBlanksAndNewlines();
        var origin = _cursor.Here;
        SyntaxNode root;
        switch (_cursor.Kind)
        {
            case TokenKind.BraceOpen: root = Object(); break;
            case TokenKind.BracketOpen: root = Array(); break;
            default: return new ObjectNode(origin, Members(open: null));
        }

        _cursor.SkipBlanksAndNewlines();
        if (_cursor.Kind != TokenKind.EndOfFile)
        {
            Report(_cursor.Current, $"{Describe(_cursor.Current)} follows the end of the document; "
                + "remove it, or move it inside the outermost brackets");
        }

        return root;
    }

    private List<T>? Nested<T>(Token open, Func<List<T>> read)
    {
        if (_depth == _nestingDepthMax)
        {
            Report(open, $"values nest deeper than {_nestingDepthMax}; flatten them or raise NestingDepthMax");
            _cursor.Position--;
            _cursor.SkipToNextLine();
            return null;
        }

        _depth++;
        var items = read();
        _depth--;
        return items;
    }

    private List<MemberNode> Members(Token? open)
    {
        var members = new List<MemberNode>();
        while (true)
        {
            _cursor.SkipBlanksAndNewlines();
            if (Closes(TokenKind.BraceClose, open))
            {
                return members;
            }

            if (!SkipStray())
            {
                var outer = _key;
                if (Member() is { } member)
                {
                    members.Add(member);
                    Separator(open, TokenKind.BraceClose);
                }
                else
                {
                    _cursor.SkipToNextLine();
                    TakeComma();
                }

                _key = outer;
            }
        }
    }

    private List<SyntaxNode> Elements(Token open)
    {
        var elements = new List<SyntaxNode>();
        while (true)
        {
            _cursor.SkipBlanksAndNewlines();
            if (Closes(TokenKind.BracketClose, open))
            {
                return elements;
            }

            if (!SkipStray())
            {
                elements.Add(_values.Value());
                Separator(open, TokenKind.BracketClose);
            }
        }
    }

    // A list ends at its closing token; also, with a problem, at the end of the file or at the closing token of
    // what surrounds it.
    private bool Closes(TokenKind close, Token? open)
    {
        if (_cursor.Kind == close && open is not null)
        {
            _cursor.Take();
            return true;
        }

        var isOver = _cursor.Kind == TokenKind.EndOfFile
            || (open is not null && _depth > 1 && _cursor.Kind is TokenKind.BraceClose or TokenKind.BracketClose);
        if (isOver && open is { } unclosed)
        {
            Report(unclosed, $"this '{unclosed.Text}' is never closed; add '{(close == TokenKind.BraceClose ? '}' : ']')}'");
        }

        return isOver;
    }

    private bool SkipStray()
    {
        var token = _cursor.Current;
        var message = token.Kind switch
        {
            TokenKind.Comma => "this ',' separates nothing; remove it",
            TokenKind.BraceClose or TokenKind.BracketClose => $"this '{token.Text}' closes nothing; remove it or add its opening bracket",
            _ => null,
        };
        if (message is null)
        {
            return false;
        }

        Report(token, message);
        _cursor.Take();
        return true;
    }

    private void Separator(Token? open, TokenKind close)
    {
        if (_cursor.SkipBlanksAndNewlines() | TakeComma() || _cursor.Kind == TokenKind.EndOfFile
            || (_cursor.Kind == close && open is not null) || _cursor.Kind is TokenKind.BraceClose or TokenKind.BracketClose)
        {
            return;
        }

        Report(_cursor.Current, $"{Describe(_cursor.Current)} follows a complete value; put a comma or a new line before it, "
            + "or quote the value");
        _cursor.SkipToNextLine();
        TakeComma();
    }

    private bool TakeComma()
    {
        if (_cursor.Kind != TokenKind.Comma)
        {
            return false;
        }

        _cursor.Take();
        return true;
    }

    private MemberNode? Member()
    {
        var first = _cursor.Current;
        if (first is { Kind: TokenKind.Unquoted, Text: "include" })
        {
            return IncludeParser.Parse(_cursor, this);
        }

        var start = _cursor.Position;
        while (_cursor.Current.IsSimple || _cursor.Kind is TokenKind.Whitespace or TokenKind.Invalid
            or TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen)
        {
            if (_cursor.Kind is TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen)
            {
                Report(_cursor.Current, "a key cannot contain a substitution; write the name itself");
                return null;
            }

            _cursor.Take();
        }

        var (path, error, at) = KeyPath.Read(_cursor.Since(start));
        if (error is not null)
        {
            Report(at.Kind == TokenKind.EndOfFile ? _cursor.Current : at, error);
            return null;
        }

        _key = _key.Append(path);
        if (_depth + path.Elements.Count > _nestingDepthMax)
        {
            Report(first, $"values nest deeper than {_nestingDepthMax}; shorten the path or raise NestingDepthMax");
            return null;
        }

        return Field(first, path);
    }

    private FieldNode? Field(Token key, KeyPath path)
    {
        var lineEnd = _cursor.Position;
        _cursor.SkipBlanksAndNewlines();
        var separator = _cursor.Kind;
        if (separator is TokenKind.Colon or TokenKind.EqualSign or TokenKind.PlusEquals)
        {
            _cursor.Take();
        }
        else if (separator != TokenKind.BraceOpen)
        {
            Report(key, $"the key has no value; write {path} = value");
            _cursor.Position = lineEnd;
            return null;
        }

        var outerDepth = _depth;
        _depth += path.Elements.Count - 1;
        _cursor.SkipBlanks();
        var start = _cursor.Position;
        var value = _values.Value();
        _depth = outerDepth;
        if (_cursor.Position == start && _cursor.Kind == TokenKind.BracketClose)
        {
            _cursor.Take();    // already reported as no value; an object is not closed by it
        }

        return new FieldNode(_cursor.At(key), path, value, separator == TokenKind.PlusEquals);
    }

    internal static string Describe(Token token) => token.Kind switch
    {
        TokenKind.EndOfFile => "the end of the file",
        TokenKind.Newline => "the end of the line",
        TokenKind.Quoted => "a quoted string",
        TokenKind.Invalid => "text that is not HOCON",
        _ => $"'{token.Text}'",
    };
}

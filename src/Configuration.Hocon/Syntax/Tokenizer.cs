using System.Buffers;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>Cuts a text into tokens. Comments vanish; anything that is not HOCON becomes an
/// <see cref="TokenKind.Invalid"/> token, so that reading continues behind it.</summary>
internal sealed class Tokenizer
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create("$\"{}[]:=,+#`^?!@*&\\");

    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _lineStart;

    private Tokenizer(string text) => _text = text;

    /// <summary>Returns every token of <paramref name="text"/>, the last being <see cref="TokenKind.EndOfFile"/>.</summary>
    internal static List<Token> Tokenize(string text)
    {
        var tokenizer = new Tokenizer(text);
        tokenizer.Run();
        return tokenizer._tokens;
    }

    private int Column => _position - _lineStart + 1;

    private void Run()
    {
        while (_position < _text.Length)
        {
            Next(_text[_position]);
        }

        Add(TokenKind.EndOfFile, 0);
    }

    private void Next(char c)
    {
        switch (c)
        {
            case '\n': Add(TokenKind.Newline, 1); StartLine(); break;
            case ',': Add(TokenKind.Comma, 1); break;
            case ':': Add(TokenKind.Colon, 1); break;
            case '=': Add(TokenKind.EqualSign, 1); break;
            case '{': Add(TokenKind.BraceOpen, 1); break;
            case '}': Add(TokenKind.BraceClose, 1); break;
            case '[': Add(TokenKind.BracketOpen, 1); break;
            case ']': Add(TokenKind.BracketClose, 1); break;
            case '+' when Peek(1) == '=': Add(TokenKind.PlusEquals, 2); break;
            case '$' when Peek(1) == '{' && Peek(2) == '?': Add(TokenKind.OptionalSubstitutionOpen, 3); break;
            case '$' when Peek(1) == '{': Add(TokenKind.SubstitutionOpen, 2); break;
            case '#': SkipComment(); break;
            case '/' when Peek(1) == '/': SkipComment(); break;
            case '"' when Peek(1) == '"' && Peek(2) == '"': TripleQuoted(); break;
            case '"': Quoted(); break;
            case '-' or (>= '0' and <= '9'): Numeric(); break;
            default: Other(c); break;
        }
    }

    private char Peek(int ahead) => _position + ahead < _text.Length ? _text[_position + ahead] : '\0';

    private void Add(TokenKind kind, int length)
    {
        _tokens.Add(new Token(kind, _text.Substring(_position, length), _line, Column));
        _position += length;
    }

    private void StartLine()
    {
        _line++;
        _lineStart = _position;
    }

    private void SkipComment()
    {
        var end = _text.IndexOf('\n', _position);
        _position = end < 0 ? _text.Length : end;
    }

    private void Other(char c)
    {
        if (Whitespace.IsWhitespace(c))
        {
            var end = _position + 1;
            while (end < _text.Length && _text[end] != '\n' && Whitespace.IsWhitespace(_text[end]))
            {
                end++;
            }

            Add(TokenKind.Whitespace, end - _position);
            return;
        }

        if (Forbidden.Contains(c))
        {
            Invalid($"'{c}' is reserved; write it inside double quotes", 1);
            return;
        }

        Unquoted();
    }

    private void Unquoted()
    {
        foreach (var (word, kind) in (ReadOnlySpan<(string, TokenKind)>)
            [("true", TokenKind.True), ("false", TokenKind.False), ("null", TokenKind.Null)])
        {
            if (string.CompareOrdinal(_text, _position, word, 0, word.Length) == 0)
            {
                Add(kind, word.Length);
                return;
            }
        }

        var end = _position + 1;
        while (end < _text.Length && !Forbidden.Contains(_text[end]) && !Whitespace.IsWhitespace(_text[end])
            && !(_text[end] == '/' && end + 1 < _text.Length && _text[end + 1] == '/'))
        {
            end++;
        }

        Add(TokenKind.Unquoted, end - _position);
    }

    // The longest run of number characters is a number, or else plain text such as a date or a version. '+' is
    // allowed in numbers only.
    private void Numeric()
    {
        var end = _position;
        while (end < _text.Length && _text[end] is (>= '0' and <= '9') or '-' or '+' or '.' or 'e' or 'E'
            && !(_text[end] == '+' && end + 1 < _text.Length && _text[end + 1] == '='))
        {
            end++;
        }

        var run = _text.AsSpan(_position, end - _position);
        if (JsonNumber.Length(run) == run.Length)
        {
            Add(TokenKind.Number, run.Length);
        }
        else if (run.Contains('+'))
        {
            Invalid($"'{run}' is no number and '+' is reserved; write the value inside double quotes", run.Length);
        }
        else
        {
            Add(TokenKind.Unquoted, run.Length);
        }
    }

    private void Quoted()
    {
        var (line, column) = (_line, Column);
        var literal = QuotedString.Read(_text, _position);
        _position = literal.End;
        _tokens.Add(literal.Error is null
            ? new Token(TokenKind.Quoted, literal.Value, line, column)
            : new Token(TokenKind.Invalid, literal.Error, line, column));
    }

    private void TripleQuoted()
    {
        var (line, column) = (_line, Column);
        var start = _position + 3;
        var close = _text.IndexOf("\"\"\"", start, StringComparison.Ordinal);
        if (close < 0)
        {
            Invalid("this \"\"\" string is never closed; end it with \"\"\"", _text.Length - _position);
            return;
        }

        var end = close + 3;
        while (end < _text.Length && _text[end] == '"')   // extra quotes belong to the string
        {
            end++;
        }

        var value = _text[start..(end - 3)];
        for (var i = value.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = value.IndexOf('\n', i + 1))
        {
            _line++;
            _lineStart = start + i + 1;
        }

        _position = end;
        _tokens.Add(new Token(TokenKind.Quoted, value, line, column));
    }

    private void Invalid(string message, int length)
    {
        _tokens.Add(new Token(TokenKind.Invalid, message, _line, Column));
        _position += length;
    }
}

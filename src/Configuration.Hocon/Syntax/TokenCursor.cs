namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>A position in the tokens of one file.</summary>
internal sealed class TokenCursor(string file, List<Token> tokens)
{
    internal int Position { get; set; }

    internal Token Current => tokens[Position];

    internal TokenKind Kind => tokens[Position].Kind;

    internal HoconOrigin Here => At(Current);

    internal HoconOrigin At(Token token) => new(file, token.Line, token.Column);

    internal ReadOnlySpan<Token> Since(int start) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tokens)[start..Position];

    /// <summary>Moves on and returns the token passed; stays on the end of the file.</summary>
    internal Token Take()
    {
        var token = Current;
        if (token.Kind != TokenKind.EndOfFile)
        {
            Position++;
        }

        return token;
    }

    internal void SkipBlanks()
    {
        while (Kind == TokenKind.Whitespace)
        {
            Position++;
        }
    }

    /// <summary>Skips whitespace and newlines; returns whether there was a newline.</summary>
    internal bool SkipBlanksAndNewlines()
    {
        var newline = false;
        while (Kind is TokenKind.Whitespace or TokenKind.Newline)
        {
            newline |= Kind == TokenKind.Newline;
            Position++;
        }

        return newline;
    }

    /// <summary>Skips to where reading can go on: a newline, comma or closing token outside any nested bracket.</summary>
    internal void SkipToNextLine()
    {
        var depth = 0;
        for (; Kind != TokenKind.EndOfFile; Position++)
        {
            switch (Kind)
            {
                case TokenKind.BraceOpen or TokenKind.BracketOpen:
                    depth++;
                    break;
                case TokenKind.SubstitutionOpen or TokenKind.OptionalSubstitutionOpen:
                    SkipSubstitution();
                    break;
                case TokenKind.BraceClose or TokenKind.BracketClose:
                    if (depth == 0)
                    {
                        return;
                    }

                    depth--;
                    break;
                case TokenKind.Newline or TokenKind.Comma when depth == 0:
                    return;
            }
        }
    }

    // Leaves the cursor on the closing brace, or before the newline when the substitution is not closed on its line.
    private void SkipSubstitution()
    {
        var end = Position;
        while (tokens[end].Kind is not (TokenKind.BraceClose or TokenKind.Newline or TokenKind.EndOfFile))
        {
            end++;
        }

        Position = tokens[end].Kind == TokenKind.BraceClose ? end : end - 1;
    }
}

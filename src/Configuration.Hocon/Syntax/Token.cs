namespace Kyberium.Configuration.Hocon.Syntax;

internal enum TokenKind
{
    EndOfFile,
    Newline,
    Whitespace,
    Comma,
    Colon,
    EqualSign,
    PlusEquals,
    BraceOpen,
    BraceClose,
    BracketOpen,
    BracketClose,
    SubstitutionOpen,
    OptionalSubstitutionOpen,
    Quoted,
    Unquoted,
    Number,
    True,
    False,
    Null,

    /// <summary>Not HOCON; the text is the message for the reader.</summary>
    Invalid,
}

/// <summary>One lexical element. <paramref name="Text"/> is the decoded string, or the characters as written.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, int Column)
{
    internal bool IsSimple => Kind is TokenKind.Quoted or TokenKind.Unquoted or TokenKind.Number
        or TokenKind.True or TokenKind.False or TokenKind.Null;
}

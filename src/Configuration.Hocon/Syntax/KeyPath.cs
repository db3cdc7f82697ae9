using System.Text;

namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>A path through objects: element names, unquoted. Source: HOCON.md, "Path expressions".</summary>
internal readonly record struct KeyPath(IReadOnlyList<string> Elements)
{
    internal static KeyPath Empty { get; } = new([]);

    internal KeyPath Append(KeyPath tail) => new([.. Elements, .. tail.Elements]);

    internal KeyPath Append(string element) => new([.. Elements, element]);

    /// <summary>Writes the path as HOCON would, quoting elements that need it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var element in Elements)
        {
            if (text.Length > 0)
            {
                text.Append('.');
            }

            if (element.Length > 0 && element.All(c => char.IsLetterOrDigit(c) || c is '-' or '_'))
            {
                text.Append(element);
            }
            else
            {
                text.Append('"').Append(element.Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
            }
        }

        return text.ToString();
    }

    /// <summary>Reads a path from the tokens of a key or substitution.</summary>
    /// <returns>The path, or what to do about the token at fault.</returns>
    internal static (KeyPath Path, string? Error, Token At) Read(ReadOnlySpan<Token> tokens)
    {
        var elements = new List<string>();
        var element = new StringBuilder();
        var quoted = false;
        while (tokens is [{ Kind: TokenKind.Whitespace }, ..])
        {
            tokens = tokens[1..];
        }

        while (tokens is [.., { Kind: TokenKind.Whitespace }])
        {
            tokens = tokens[..^1];
        }

        if (tokens.IsEmpty)
        {
            return (Empty, "the key is missing; write a name", default);
        }

        foreach (var token in tokens)
        {
            if (token.Kind is TokenKind.Quoted or TokenKind.Whitespace)
            {
                element.Append(token.Text);
                quoted |= token.Kind == TokenKind.Quoted;
                continue;
            }

            if (!token.IsSimple)
            {
                var error = token.Kind == TokenKind.Invalid ? token.Text : $"'{token.Text}' cannot be part of a key; quote it";
                return (Empty, error, token);
            }

            var parts = token.Text.Split('.');
            element.Append(parts[0]);
            foreach (var part in parts.AsSpan(1))
            {
                if (element.Length == 0 && !quoted)
                {
                    return (Empty, EmptyElement, token);
                }

                elements.Add(element.ToString());
                element.Clear().Append(part);
                quoted = false;
            }
        }

        if (element.Length == 0 && !quoted)
        {
            return (Empty, EmptyElement, tokens[^1]);
        }

        elements.Add(element.ToString());
        return (new KeyPath(elements), null, default);
    }

    private const string EmptyElement =
        "a path has an empty element between or beside its dots; remove the extra dot, or write \"\" if it is meant";
}

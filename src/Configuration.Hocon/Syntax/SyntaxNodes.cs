namespace Kyberium.Configuration.Hocon.Syntax;

/// <summary>What one file says, before includes, merging and substitution.</summary>
internal abstract record SyntaxNode(HoconOrigin Origin);

internal enum ScalarKind
{
    String,
    Number,
    Boolean,
    Null,

    /// <summary>The value has a problem that is already reported; whatever uses it stays silent.</summary>
    Broken,
}

internal sealed record ScalarNode(HoconOrigin Origin, ScalarKind Kind, string Text) : SyntaxNode(Origin);

internal sealed record ArrayNode(HoconOrigin Origin, IReadOnlyList<SyntaxNode> Elements) : SyntaxNode(Origin);

internal sealed record ObjectNode(HoconOrigin Origin, IReadOnlyList<MemberNode> Members) : SyntaxNode(Origin);

internal sealed record SubstitutionNode(HoconOrigin Origin, KeyPath Path, bool IsOptional) : SyntaxNode(Origin);

/// <summary>Several values on one line. <see cref="BlankNode"/>s stand for the unquoted whitespace between them.</summary>
internal sealed record JoinNode(HoconOrigin Origin, IReadOnlyList<SyntaxNode> Parts) : SyntaxNode(Origin);

internal sealed record BlankNode(HoconOrigin Origin, string Text) : SyntaxNode(Origin);

/// <summary>A line of an object: a field or an include.</summary>
internal abstract record MemberNode(HoconOrigin Origin);

internal sealed record FieldNode(HoconOrigin Origin, KeyPath Path, SyntaxNode Value, bool IsAppend) : MemberNode(Origin);

internal sealed record IncludeNode(HoconOrigin Origin, string Resource, bool IsRequired) : MemberNode(Origin);

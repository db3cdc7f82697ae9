using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>What kind of value a place holds, as far as needed to go on: members stay unresolved, so that an object
/// may refer to its own fields.</summary>
internal abstract record Shape
{
    /// <summary>An optional substitution found nothing.</summary>
    internal sealed record Undefined : Shape
    {
        internal static readonly Undefined Instance = new();
    }

    /// <summary>The answer depends on itself, seen from where the question came from.</summary>
    internal sealed record Cycle : Shape
    {
        internal static readonly Cycle Instance = new();
    }

    /// <summary>There is a problem, already reported.</summary>
    internal sealed record Failed : Shape
    {
        internal static readonly Failed Instance = new();
    }

    internal sealed record Scalar(ScalarKind Kind, string Text) : Shape;

    internal sealed record Array(IReadOnlyList<Slot> Elements) : Shape;

    /// <summary>Objects to merge, lowest first.</summary>
    internal sealed record Object(IReadOnlyList<ObjectDefinition> Layers) : Shape;
}

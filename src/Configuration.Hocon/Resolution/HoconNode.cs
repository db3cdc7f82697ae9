using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>A resolved value and the assignment that decided it.</summary>
internal abstract record HoconNode(HoconOrigin Origin)
{
    internal sealed record Scalar(HoconOrigin Origin, ScalarKind Kind, string Text) : HoconNode(Origin);

    internal sealed record Array(HoconOrigin Origin, IReadOnlyList<HoconNode> Elements) : HoconNode(Origin);

    internal sealed record Object(HoconOrigin Origin, IReadOnlyList<KeyValuePair<string, HoconNode>> Fields) : HoconNode(Origin);
}

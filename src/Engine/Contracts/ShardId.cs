using System.Globalization;

namespace Kyberium.Engine;

/// <summary>A shard: the group it belongs to and its number in it, 0-based, below the group's fixed count (at most 65,536).</summary>
/// <param name="Group">The group's name; <c>default</c> holds peers, <c>directory</c> holds identities and pins.</param>
/// <param name="Number">0 to 65,535.</param>
public readonly record struct ShardId(string Group, int Number)
{
    /// <summary>The group of peers whose template names no other.</summary>
    public const string DefaultGroup = "default";

    /// <summary>Gets the one shard that knows which public key belongs to which peer.</summary>
    public static ShardId Directory { get; } = new("directory", 0);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Group}/{Number}");
}

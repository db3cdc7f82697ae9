using System.Buffers;

namespace Kyberium.Engine.Cluster;

/// <summary>The name of a cluster: 1 to 64 of <c>A–Z a–z 0–9 . _ -</c>. Part of every node's certificate.</summary>
public readonly record struct ClusterName
{
    private const int LengthMax = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly string? _value;

    /// <summary>Takes a name.</summary>
    /// <exception cref="ArgumentException">It is empty, too long, or has another character.</exception>
    public ClusterName(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (!IsValid(value))
        {
            throw new ArgumentException($"a cluster's name has 1 to {LengthMax} of A-Z a-z 0-9 . _ -", nameof(value));
        }

        _value = value;
    }

    /// <summary>Gets the name; empty for the default value, which names no cluster.</summary>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Takes a name, or says that the text cannot be one.</summary>
    public static bool TryParse(string? value, out ClusterName name)
    {
        var valid = value is not null && IsValid(value);
        name = valid ? new ClusterName(value!) : default;
        return valid;
    }

    internal static bool IsValid(string value) => value.Length is >= 1 and <= LengthMax && !value.AsSpan().ContainsAnyExcept(Allowed);
}

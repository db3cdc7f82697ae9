using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine;

/// <summary>The name of a node within its cluster; the same alphabet and length as <see cref="PeerId"/>. Ordered byte by byte.</summary>
/// <remarks>A node keeps its name over restarts; what tells its lives apart is <see cref="ClusterMember.Incarnation"/>.</remarks>
public readonly record struct NodeId : IComparable<NodeId>
{
    private readonly string? _value;
    private readonly int _hash;

    /// <summary>Names a node.</summary>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty, longer than 128 or has another character.</exception>
    public NodeId(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = PeerId.TryParse(value, out _)
            ? value
            : throw new ArgumentException("A node's name is 1 to 128 of A-Z a-z 0-9 . _ : - only.", nameof(value));
        _hash = string.GetHashCode(_value, StringComparison.Ordinal);
    }

    /// <summary>Gets the text. Empty only in <c>default</c>, which names nobody.</summary>
    public string Value => _value ?? string.Empty;

    /// <summary>Names a node, or says that the text cannot be a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out NodeId node)
    {
        var valid = PeerId.TryParse(value, out _);
        node = valid ? new NodeId(value!) : default;
        return valid;
    }

    /// <inheritdoc/>
    public int CompareTo(NodeId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public bool Equals(NodeId other) => _hash == other._hash && string.Equals(_value, other._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Compares by <see cref="CompareTo"/>.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;

    /// <summary>Compares by <see cref="CompareTo"/>.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;

    /// <summary>Compares by <see cref="CompareTo"/>.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;

    /// <summary>Compares by <see cref="CompareTo"/>.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;
}

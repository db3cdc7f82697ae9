using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine;

/// <summary>The name of one of this engine's identities; the same alphabet and length as <see cref="PeerId"/>.</summary>
public readonly record struct IdentityName
{
    private readonly string? _value;
    private readonly int _hash;     // every sealed record is looked up by it, twice

    /// <summary>Names an identity.</summary>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty, longer than 128 or has another character.</exception>
    public IdentityName(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = PeerId.TryParse(value, out _)
            ? value
            : throw new ArgumentException("An identity name is 1 to 128 of A-Z a-z 0-9 . _ : - only.", nameof(value));
        _hash = string.GetHashCode(_value, StringComparison.Ordinal);
    }

    /// <summary>Gets the identity that calls without one mean: <c>default</c>.</summary>
    public static IdentityName Default { get; } = new("default");

    /// <summary>Gets the text. Empty only in <c>default(IdentityName)</c>.</summary>
    public string Value => _value ?? string.Empty;

    /// <summary>Names an identity, or says that the text cannot be a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out IdentityName identity)
    {
        var valid = PeerId.TryParse(value, out _);
        identity = valid ? new IdentityName(value!) : default;
        return valid;
    }

    /// <inheritdoc/>
    public bool Equals(IdentityName other) => _hash == other._hash && string.Equals(_value, other._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public override string ToString() => Value;
}

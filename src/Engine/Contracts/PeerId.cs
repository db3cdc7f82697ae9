using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine;

/// <summary>The name of a peer as one identity knows it: 1 to 128 of <c>A–Z a–z 0–9 . _ : -</c>. Everything routes by it.</summary>
public readonly record struct PeerId
{
    internal const int LengthMax = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private readonly string? _value;
    private readonly int _hash;     // every sealed record is looked up by it, twice

    /// <summary>Names a peer.</summary>
    /// <exception cref="ArgumentException"><paramref name="value"/> is empty, longer than 128 or has another character.</exception>
    public PeerId(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = IsValid(value)
            ? value
            : throw new ArgumentException($"A peer id is 1 to {LengthMax} of A-Z a-z 0-9 . _ : - only.", nameof(value));
        _hash = string.GetHashCode(_value, StringComparison.Ordinal);
    }

    /// <summary>Gets the text. Empty only in <c>default</c>, which names nobody.</summary>
    public string Value => _value ?? string.Empty;

    /// <summary>Names a peer, or says that the text cannot be a name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, out PeerId peer)
    {
        peer = value is not null && IsValid(value) ? new PeerId(value) : default;
        return peer._value is not null;
    }

    /// <inheritdoc/>
    public bool Equals(PeerId other) => _hash == other._hash && string.Equals(_value, other._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static bool IsValid(string value) =>
        value.Length is > 0 and <= LengthMax && !value.AsSpan().ContainsAnyExcept(Allowed);
}

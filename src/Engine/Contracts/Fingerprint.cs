using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Kyberium.Engine;

/// <summary>SHA-384 over an identity's public document: 48 bytes, public. What a peer is pinned by.</summary>
public readonly struct Fingerprint : IEquatable<Fingerprint>
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 48;

    private readonly byte[]? _bytes;

    /// <summary>Copies a fingerprint.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 48 bytes.</exception>
    public Fingerprint(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A fingerprint is {Size} bytes.", nameof(bytes));
        }

        _bytes = bytes.ToArray();
    }

    /// <summary>Gets the 48 bytes; empty only in <c>default</c>.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Gets whether this is <c>default</c>, which no document has.</summary>
    public bool IsEmpty => _bytes is null;

    /// <summary>Hashes a public document.</summary>
    public static Fingerprint Of(ReadOnlySpan<byte> publicDocument) => new(SHA384.HashData(publicDocument));

    /// <summary>Reads 96 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Fingerprint fingerprint)
    {
        var bytes = new byte[Size];
        var parsed = text is { Length: Size * 2 }
            && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        fingerprint = parsed ? new Fingerprint(bytes) : default;
        return parsed;
    }

    /// <summary>Orders by unsigned bytes: the lower fingerprint wins where both sides start.</summary>
    public int CompareTo(Fingerprint other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <inheritdoc/>
    public bool Equals(Fingerprint other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Fingerprint other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes is null ? 0 : BitConverter.ToInt32(_bytes);

    /// <summary>Compares two fingerprints; they are public, so time may depend on them.</summary>
    public static bool operator ==(Fingerprint left, Fingerprint right) => left.Equals(right);

    /// <summary>Compares two fingerprints; they are public, so time may depend on them.</summary>
    public static bool operator !=(Fingerprint left, Fingerprint right) => !left.Equals(right);

    /// <summary>Gives 96 lower-case hexadecimal digits.</summary>
    public override string ToString() => _bytes is null ? string.Empty : Convert.ToHexStringLower(_bytes);
}

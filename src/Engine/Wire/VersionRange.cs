namespace Kyberium.Engine.Wire;

/// <summary>The protocol versions a side speaks, lowest and highest.</summary>
internal readonly record struct VersionRange(byte Lowest, byte Highest)
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 2;

    /// <summary>Gets what this side speaks.</summary>
    internal static VersionRange Spoken => new(EnvelopeHeader.Version, EnvelopeHeader.Version);

    internal bool Contains(byte version) => version >= Lowest && version <= Highest;

    internal void Write(Span<byte> destination)
    {
        destination[0] = Lowest;
        destination[1] = Highest;
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out VersionRange range, out WireFailure failure)
    {
        range = default;
        failure = source.Length == Size ? WireFailure.None : WireFailure.LengthMismatch;
        if (failure == WireFailure.None)
        {
            range = new VersionRange(source[0], source[1]);
            failure = range.Lowest > 0 && range.Lowest <= range.Highest ? WireFailure.None : WireFailure.FieldInvalid;
        }

        return failure == WireFailure.None;
    }
}

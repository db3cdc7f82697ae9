namespace Kyberium.Engine.Cryptography.Sha3;

/// <summary>One-shot hashes of FIPS 202 over inputs given in pieces. The state is zeroed: inputs may be secret.</summary>
internal static class Sha3Hash
{
    /// <summary>SHA3-256: 32 bytes.</summary>
    internal static void Hash256(ReadOnlySpan<byte> input, Span<byte> digest)
    {
        var sponge = Sponge.Sha3For256();
        Finish(ref sponge, input, default, digest[..32]);
    }

    /// <summary>SHA3-512 of two pieces: 64 bytes.</summary>
    internal static void Hash512(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> digest)
    {
        var sponge = Sponge.Sha3For512();
        Finish(ref sponge, first, second, digest[..64]);
    }

    /// <summary>SHAKE128 of two pieces, as many bytes as <paramref name="output"/> holds.</summary>
    internal static void Shake128(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        var sponge = Sponge.Shake128();
        Finish(ref sponge, first, second, output);
    }

    /// <summary>SHAKE256 of two pieces, as many bytes as <paramref name="output"/> holds.</summary>
    internal static void Shake256(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        var sponge = Sponge.Shake256();
        Finish(ref sponge, first, second, output);
    }

    private static void Finish(ref Sponge sponge, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> output)
    {
        sponge.Absorb(first);
        sponge.Absorb(second);
        sponge.Squeeze(output);
        sponge.Clear();
    }
}

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>The inner loops of ML-KEM on polynomials of 256 signed 16-bit coefficients modulo q.</summary>
/// <remarks>
/// Every implementation gives bit for bit the same results, so keys made by one work in another. None branches on, indexes
/// by, or divides a coefficient, except <see cref="SampleUniform"/> (whose input is public). Spans are exactly as long
/// as said; "small" means |c| ≤ q, "canonical" means 0 ≤ c &lt; q.
/// </remarks>
internal abstract class PolynomialArithmetic
{
    /// <summary>Coefficients in a polynomial prepared as the right side of <see cref="InnerProduct"/>.</summary>
    internal const int PreparedLength = 2 * Field.Degree;

    /// <summary>The number-theoretic transform (FIPS 203 algorithm 9). In: small. Out: centred.</summary>
    internal abstract void Transform(Span<short> polynomial);

    /// <summary>The inverse transform (algorithm 10), times R: it undoes the 1/R of a product. In: any. Out: |c| &lt; q.</summary>
    internal abstract void InverseTransform(Span<short> polynomial);

    /// <summary>Arranges a transformed polynomial for products: each coefficient pair (b0, b1) becomes (b0, ζ b1) in the
    /// first half of <paramref name="prepared"/> and (b1, b0) in the second.</summary>
    internal abstract void Prepare(ReadOnlySpan<short> polynomial, Span<short> prepared);

    /// <summary>Σ left[i] × right[i] / R in the transformed domain (algorithm 11). Out: |c| &lt; q.</summary>
    /// <param name="left">Canonical or small polynomials, the next one <paramref name="leftStride"/> coefficients on.</param>
    /// <param name="leftStride">256 for a vector or a matrix row, 256 k for a matrix column.</param>
    /// <param name="preparedRight"><paramref name="count"/> results of <see cref="Prepare"/>, one after another.</param>
    /// <param name="count">1 to 4.</param>
    /// <param name="product">Receives 256 coefficients.</param>
    internal abstract void InnerProduct(
        ReadOnlySpan<short> left, int leftStride, ReadOnlySpan<short> preparedRight, int count, Span<short> product);

    /// <summary>polynomial × R + addend, canonical: undoes the 1/R of a product that stays transformed. In: small.</summary>
    internal abstract void ScaleAndAdd(Span<short> polynomial, ReadOnlySpan<short> addend);

    /// <summary>polynomial + addend, canonical. In: small.</summary>
    internal abstract void Add(Span<short> polynomial, ReadOnlySpan<short> addend);

    /// <summary>minuend − polynomial, canonical, into <paramref name="polynomial"/>. In: small.</summary>
    internal abstract void SubtractFrom(ReadOnlySpan<short> minuend, Span<short> polynomial);

    /// <summary>Makes centred coefficients canonical.</summary>
    internal abstract void MakeCanonical(Span<short> polynomial);

    /// <summary>Takes the 12-bit numbers below q out of a public stream (the loop of algorithm 7).</summary>
    /// <param name="stream">A multiple of 24 bytes.</param>
    /// <param name="coefficients">What is still missing of a polynomial, at most 256.</param>
    /// <returns>How many coefficients were written.</returns>
    internal abstract int SampleUniform(ReadOnlySpan<byte> stream, Span<short> coefficients);

    /// <summary>The centred binomial distribution (algorithm 8) from 64 × <paramref name="eta"/> bytes; 2 or 3.</summary>
    internal abstract void SampleBinomial(ReadOnlySpan<byte> stream, int eta, Span<short> polynomial);

    /// <summary>Compress and ByteEncode (section 4.2.1), canonical to 32 × <paramref name="bits"/> bytes; 4, 5, 10 or 11.</summary>
    internal abstract void Compress(ReadOnlySpan<short> polynomial, int bits, Span<byte> encoded);

    /// <summary>ByteDecode and Decompress, the other way; canonical.</summary>
    internal abstract void Decompress(ReadOnlySpan<byte> encoded, int bits, Span<short> polynomial);

    /// <summary>ByteEncode of 12 bits (algorithm 5): canonical to 384 bytes.</summary>
    internal abstract void Encode(ReadOnlySpan<short> polynomial, Span<byte> encoded);

    /// <summary>ByteDecode of 12 bits (algorithm 6), reduced modulo q.</summary>
    /// <returns>Whether every number was below q already (section 7.2's modulus check).</returns>
    internal abstract bool Decode(ReadOnlySpan<byte> encoded, Span<short> polynomial);

    /// <summary>Decompress of 1 bit: 32 bytes to coefficients 0 and ⌈q/2⌉.</summary>
    internal abstract void FromMessage(ReadOnlySpan<byte> message, Span<short> polynomial);

    /// <summary>Compress to 1 bit: canonical to 32 bytes.</summary>
    internal abstract void ToMessage(ReadOnlySpan<short> polynomial, Span<byte> message);
}

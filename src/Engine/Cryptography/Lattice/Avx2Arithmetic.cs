using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>The inner loops on sixteen 16-bit lanes at once (AVX2). Coefficients keep their order in memory.</summary>
internal sealed partial class Avx2Arithmetic : PolynomialArithmetic
{
    private const int Lanes = Avx2Twiddles.Lanes;
    private const int VectorCount = Field.Degree / Lanes;

    private readonly short[] _powers;           // each followed by itself times q⁻¹
    private readonly short[] _forward;
    private readonly short[] _inverse;
    private readonly short[] _pairFactors;

    internal Avx2Arithmetic()
    {
        var powers = Twiddles.Powers();
        _powers = new short[2 * powers.Length];
        for (var i = 0; i < powers.Length; i++)
        {
            _powers[2 * i] = powers[i];
            _powers[(2 * i) + 1] = (short)(powers[i] * Field.QInverse);
        }

        _forward = Avx2Twiddles.Forward(powers);
        _inverse = Avx2Twiddles.Inverse(powers);
        _pairFactors = Avx2Twiddles.WithInverseProducts(Twiddles.PairFactors(powers));
    }

    internal static bool IsSupported => Avx2.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Prepare(ReadOnlySpan<short> polynomial, Span<short> prepared)
    {
        var source = Vectors(polynomial);
        var twisted = Vectors(prepared[..Field.Degree]);
        var swapped = Vectors(prepared.Slice(Field.Degree, Field.Degree));
        var factors = MemoryMarshal.Cast<short, Vector256<short>>(_pairFactors.AsSpan(0, 2 * Field.Degree));
        for (var i = 0; i < VectorCount; i++)
        {
            var pairs = source[i];
            twisted[i] = MontgomeryMultiply(pairs, factors[2 * i], factors[(2 * i) + 1]);
            swapped[i] = ((pairs.AsUInt32() << 16) | (pairs.AsUInt32() >>> 16)).AsInt16();
        }
    }

    // The products of a pair are summed in 32 bits over all polynomials (at most 8 × q² / 2), and reduced once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void InnerProduct(
        ReadOnlySpan<short> left, int leftStride, ReadOnlySpan<short> preparedRight, int count, Span<short> product)
    {
        // Checked here once, so that the loop below need not.
        _ = left.Slice((count - 1) * leftStride, Field.Degree);
        _ = preparedRight.Slice((count - 1) * PreparedLength, PreparedLength);
        ref var leftStart = ref MemoryMarshal.GetReference(left);
        ref var rightStart = ref MemoryMarshal.GetReference(preparedRight);
        var target = Vectors(product);
        for (var i = 0; i < VectorCount; i++)
        {
            var even = Vector256<int>.Zero;
            var odd = Vector256<int>.Zero;
            for (var j = 0; j < count; j++)
            {
                var a = Vector256.LoadUnsafe(ref leftStart, (nuint)((j * leftStride) + (i * Lanes)));
                ref var b = ref Unsafe.Add(ref rightStart, (j * PreparedLength) + (i * Lanes));
                even += Avx2.MultiplyAddAdjacent(a, Vector256.LoadUnsafe(ref b));
                odd += Avx2.MultiplyAddAdjacent(a, Vector256.LoadUnsafe(ref b, Field.Degree));
            }

            target[i] = ReducePairs(even, odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void ScaleAndAdd(Span<short> polynomial, ReadOnlySpan<short> addend)
    {
        var target = Vectors(polynomial);
        var added = Vectors(addend);
        var square = Vector256.Create(Field.MontgomerySquare);
        var squareProduct = Vector256.Create(unchecked((short)(Field.MontgomerySquare * Field.QInverse)));
        for (var i = 0; i < VectorCount; i++)
        {
            target[i] = Canonical(BarrettReduce(MontgomeryMultiply(target[i], square, squareProduct) + added[i]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Add(Span<short> polynomial, ReadOnlySpan<short> addend)
    {
        var target = Vectors(polynomial);
        var added = Vectors(addend);
        for (var i = 0; i < VectorCount; i++)
        {
            target[i] = Canonical(BarrettReduce(target[i] + added[i]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void SubtractFrom(ReadOnlySpan<short> minuend, Span<short> polynomial)
    {
        var target = Vectors(polynomial);
        var from = Vectors(minuend);
        for (var i = 0; i < VectorCount; i++)
        {
            target[i] = Canonical(BarrettReduce(from[i] - target[i]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void MakeCanonical(Span<short> polynomial)
    {
        var target = Vectors(polynomial);
        for (var i = 0; i < VectorCount; i++)
        {
            target[i] = Canonical(target[i]);
        }
    }

    // factorProduct is factor × q⁻¹ modulo 2^16: knowing it beforehand saves one of four multiplications.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> MontgomeryMultiply(
        Vector256<short> a, Vector256<short> factor, Vector256<short> factorProduct)
    {
        var quotient = Avx2.MultiplyLow(a, factorProduct);
        return Avx2.MultiplyHigh(a, factor) - Avx2.MultiplyHigh(quotient, Vector256.Create(Field.Q));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> BarrettReduce(Vector256<short> a)
    {
        // (x × 32 + 2^14) >> 15 is x >> 10, rounded.
        var quotient = Avx2.MultiplyHighRoundScale(
            Avx2.MultiplyHigh(a, Vector256.Create(Field.BarrettFactor)), Vector256.Create((short)32));
        return a - Avx2.MultiplyLow(quotient, Vector256.Create(Field.Q));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Canonical(Vector256<short> a) => a + ((a >> 15) & Vector256.Create(Field.Q));

    // Puts the low halves of both products side by side, and the high halves, so that sixteen reductions run as one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> ReducePairs(Vector256<int> even, Vector256<int> odd)
    {
        const byte OddLanes = 0b1010_1010;
        var low = Avx2.Blend(even.AsInt16(), (odd << 16).AsInt16(), OddLanes);
        var high = Avx2.Blend((even >>> 16).AsInt16(), odd.AsInt16(), OddLanes);
        var quotient = Avx2.MultiplyLow(low, Vector256.Create(Field.QInverse));
        return high - Avx2.MultiplyHigh(quotient, Vector256.Create(Field.Q));
    }

    private static Span<Vector256<short>> Vectors(Span<short> polynomial) =>
        MemoryMarshal.Cast<short, Vector256<short>>(polynomial)[..VectorCount];

    private static ReadOnlySpan<Vector256<short>> Vectors(ReadOnlySpan<short> polynomial) =>
        MemoryMarshal.Cast<short, Vector256<short>>(polynomial)[..VectorCount];
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>The inner loops in plain integer arithmetic: the fallback, and what the vector code is tested against.</summary>
internal sealed partial class ScalarArithmetic : PolynomialArithmetic
{
    private readonly short[] _powers;
    private readonly short[] _pairFactors;

    internal ScalarArithmetic()
    {
        _powers = Twiddles.Powers();
        _pairFactors = Twiddles.PairFactors(_powers);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Transform(Span<short> polynomial)
    {
        polynomial = polynomial[..Field.Degree];   // the one check of bounds: all indices below stay under 256
        ref var first = ref MemoryMarshal.GetReference(polynomial);
        var powers = _powers.AsSpan(0, 128);
        var next = 1;
        for (var length = 128; length >= 2; length >>= 1)
        {
            for (var start = 0; start < Field.Degree; start += 2 * length)
            {
                var power = powers[next++];
                ref var low = ref Unsafe.Add(ref first, start);
                ref var high = ref Unsafe.Add(ref low, length);
                for (var i = 0; i < length; i++)
                {
                    var scaled = Field.MontgomeryMultiply(Unsafe.Add(ref high, i), power);
                    var kept = Unsafe.Add(ref low, i);
                    Unsafe.Add(ref high, i) = (short)(kept - scaled);
                    Unsafe.Add(ref low, i) = (short)(kept + scaled);
                }
            }
        }

        Reduce(polynomial);   // seven layers add at most 7 q, which 16 bits still hold
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void InverseTransform(Span<short> polynomial)
    {
        polynomial = polynomial[..Field.Degree];   // the one check of bounds: all indices below stay under 256
        ref var first = ref MemoryMarshal.GetReference(polynomial);
        var powers = _powers.AsSpan(0, 128);
        Reduce(polynomial);
        var next = 127;
        for (var length = 2; length <= 128; length <<= 1)
        {
            for (var start = 0; start < Field.Degree; start += 2 * length)
            {
                var power = powers[next--];
                ref var low = ref Unsafe.Add(ref first, start);
                ref var high = ref Unsafe.Add(ref low, length);
                for (var i = 0; i < length; i++)
                {
                    int lower = Unsafe.Add(ref low, i), upper = Unsafe.Add(ref high, i);
                    Unsafe.Add(ref low, i) = (short)(lower + upper);
                    Unsafe.Add(ref high, i) = Field.MontgomeryReduce((upper - lower) * power);
                }
            }

            if (length == 16)
            {
                Reduce(polynomial);   // sums double per layer: q/2 has become 8 q
            }
        }

        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = Field.MontgomeryMultiply(polynomial[i], Field.InverseTransformScale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Prepare(ReadOnlySpan<short> polynomial, Span<short> prepared)
    {
        polynomial = polynomial[..Field.Degree];
        var factors = _pairFactors.AsSpan(0, Field.Degree);
        var twisted = prepared[..Field.Degree];
        var swapped = prepared.Slice(Field.Degree, Field.Degree);
        for (var i = 0; i < Field.Degree; i++)
        {
            twisted[i] = Field.MontgomeryMultiply(polynomial[i], factors[i]);
            swapped[i] = polynomial[i ^ 1];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void InnerProduct(
        ReadOnlySpan<short> left, int leftStride, ReadOnlySpan<short> preparedRight, int count, Span<short> product)
    {
        // The last polynomial of either side is checked here, so that the loop need not.
        _ = left.Slice((count - 1) * leftStride, Field.Degree);
        _ = preparedRight.Slice((count - 1) * PreparedLength, PreparedLength);
        product = product[..Field.Degree];
        for (var pair = 0; pair < Field.Degree; pair += 2)
        {
            int even = 0, odd = 0;
            ref var a = ref Unsafe.Add(ref MemoryMarshal.GetReference(left), pair);
            ref var b = ref Unsafe.Add(ref MemoryMarshal.GetReference(preparedRight), pair);
            for (var i = 0; i < count; i++)
            {
                int a0 = a, a1 = Unsafe.Add(ref a, 1);
                even += (a0 * b) + (a1 * Unsafe.Add(ref b, 1));
                odd += (a0 * Unsafe.Add(ref b, Field.Degree)) + (a1 * Unsafe.Add(ref b, Field.Degree + 1));
                a = ref Unsafe.Add(ref a, leftStride);
                b = ref Unsafe.Add(ref b, PreparedLength);
            }

            product[pair] = Field.MontgomeryReduce(even);
            product[pair + 1] = Field.MontgomeryReduce(odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void ScaleAndAdd(Span<short> polynomial, ReadOnlySpan<short> addend)
    {
        addend = addend[..polynomial.Length];
        for (var i = 0; i < polynomial.Length; i++)
        {
            var scaled = Field.MontgomeryMultiply(polynomial[i], Field.MontgomerySquare);
            polynomial[i] = Field.Canonical(Field.BarrettReduce((short)(scaled + addend[i])));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Add(Span<short> polynomial, ReadOnlySpan<short> addend)
    {
        addend = addend[..polynomial.Length];
        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = Field.Canonical(Field.BarrettReduce((short)(polynomial[i] + addend[i])));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void SubtractFrom(ReadOnlySpan<short> minuend, Span<short> polynomial)
    {
        minuend = minuend[..polynomial.Length];
        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = Field.Canonical(Field.BarrettReduce((short)(minuend[i] - polynomial[i])));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void MakeCanonical(Span<short> polynomial)
    {
        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = Field.Canonical(polynomial[i]);
        }
    }

    private static void Reduce(Span<short> polynomial)
    {
        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = Field.BarrettReduce(polynomial[i]);
        }
    }
}

using System.Runtime.CompilerServices;

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
        polynomial = polynomial[..Field.Degree];
        var powers = _powers.AsSpan(0, 128);
        var next = 1;
        for (var length = 128; length >= 2; length >>= 1)
        {
            for (var start = 0; start < Field.Degree; start += 2 * length)
            {
                var power = powers[next++];
                var low = polynomial.Slice(start, length);
                var high = polynomial.Slice(start + length, length);
                for (var i = 0; i < low.Length; i++)
                {
                    var scaled = Field.MontgomeryMultiply(high[i], power);
                    high[i] = (short)(low[i] - scaled);
                    low[i] = (short)(low[i] + scaled);
                }
            }
        }

        Reduce(polynomial);   // seven layers add at most 7 q, which 16 bits still hold
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void InverseTransform(Span<short> polynomial)
    {
        polynomial = polynomial[..Field.Degree];
        var powers = _powers.AsSpan(0, 128);
        Reduce(polynomial);
        var next = 127;
        for (var length = 2; length <= 128; length <<= 1)
        {
            for (var start = 0; start < Field.Degree; start += 2 * length)
            {
                var power = powers[next--];
                var low = polynomial.Slice(start, length);
                var high = polynomial.Slice(start + length, length);
                for (var i = 0; i < low.Length; i++)
                {
                    var sum = (short)(low[i] + high[i]);
                    high[i] = Field.MontgomeryMultiply((short)(high[i] - low[i]), power);
                    low[i] = sum;
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
        product = product[..Field.Degree];
        for (var pair = 0; pair < Field.Degree; pair += 2)
        {
            int even = 0, odd = 0;
            for (var i = 0; i < count; i++)
            {
                var a = left.Slice((i * leftStride) + pair, 2);
                var b = preparedRight.Slice((i * PreparedLength) + pair, Field.Degree + 2);
                even += (a[0] * b[0]) + (a[1] * b[1]);
                odd += (a[0] * b[Field.Degree]) + (a[1] * b[Field.Degree + 1]);
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

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <content>
/// The transform and its inverse. Sixteen vectors v0..v15 hold a polynomial: layers of distance 128 and 64 join vectors 8
/// and 4 apart, 32 and 16 join neighbours of a block of four, 8, 4 and 2 work inside pairs of vectors.
/// </content>
internal sealed partial class Avx2Arithmetic
{
    private const byte LowHalves = 0x20;
    private const byte HighHalves = 0x31;
    private const byte OddDoublewords = 0b1010_1010;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Transform(Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var forward = MemoryMarshal.Cast<short, Vector256<short>>(_forward);
        for (var i = 0; i < 4; i++)
        {
            var (a, b, c, d) = (vectors[i], vectors[i + 4], vectors[i + 8], vectors[i + 12]);
            Butterfly(ref a, ref c, 1);
            Butterfly(ref b, ref d, 1);
            Butterfly(ref a, ref b, 2);
            Butterfly(ref c, ref d, 3);
            (vectors[i], vectors[i + 4], vectors[i + 8], vectors[i + 12]) = (a, b, c, d);
        }

        for (var block = 0; block < 4; block++)
        {
            var four = vectors.Slice(4 * block, 4);
            var (a, b, c, d) = (four[0], four[1], four[2], four[3]);
            Butterfly(ref a, ref c, 4 + block);
            Butterfly(ref b, ref d, 4 + block);
            Butterfly(ref a, ref b, 8 + (2 * block));
            Butterfly(ref c, ref d, 9 + (2 * block));
            NarrowLayers(ref a, ref b, forward.Slice(12 * block, 6));
            NarrowLayers(ref c, ref d, forward.Slice((12 * block) + 6, 6));
            (four[0], four[1], four[2], four[3]) = (a, b, c, d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void InverseTransform(Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var inverse = MemoryMarshal.Cast<short, Vector256<short>>(_inverse);
        for (var block = 0; block < 4; block++)
        {
            var four = vectors.Slice(4 * block, 4);
            var (a, b, c, d) = (four[0], four[1], four[2], four[3]);
            InverseNarrowLayers(ref a, ref b, inverse.Slice(12 * block, 6));
            InverseNarrowLayers(ref c, ref d, inverse.Slice((12 * block) + 6, 6));
            InverseButterfly(ref a, ref b, 15 - (2 * block));
            InverseButterfly(ref c, ref d, 14 - (2 * block));
            (a, b, c, d) = (BarrettReduce(a), BarrettReduce(b), BarrettReduce(c), BarrettReduce(d));
            InverseButterfly(ref a, ref c, 7 - block);
            InverseButterfly(ref b, ref d, 7 - block);
            (four[0], four[1], four[2], four[3]) = (a, b, c, d);
        }

        var scale = Vector256.Create(Field.InverseTransformScale);
        var scaleProduct = Vector256.Create(unchecked((short)(Field.InverseTransformScale * Field.QInverse)));
        for (var i = 0; i < 4; i++)
        {
            var (a, b, c, d) = (vectors[i], vectors[i + 4], vectors[i + 8], vectors[i + 12]);
            InverseButterfly(ref a, ref b, 3);
            InverseButterfly(ref c, ref d, 2);
            InverseButterfly(ref a, ref c, 1);
            InverseButterfly(ref b, ref d, 1);
            vectors[i] = MontgomeryMultiply(a, scale, scaleProduct);
            vectors[i + 4] = MontgomeryMultiply(b, scale, scaleProduct);
            vectors[i + 8] = MontgomeryMultiply(c, scale, scaleProduct);
            vectors[i + 12] = MontgomeryMultiply(d, scale, scaleProduct);
        }
    }

    // Two vectors of 32 consecutive coefficients; the comments show which coefficients the lanes hold, in fours.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void NarrowLayers(
        ref Vector256<short> first, ref Vector256<short> second, ReadOnlySpan<Vector256<short>> factors)
    {
        var low = Avx2.Permute2x128(first, second, LowHalves);      // 0 4 | 16 20
        var high = Avx2.Permute2x128(first, second, HighHalves);    // 8 12 | 24 28
        Butterfly(ref low, ref high, factors[0], factors[1]);

        var even = Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt16();    // 0 8 | 16 24
        var odd = Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt16();    // 4 12 | 20 28
        Butterfly(ref even, ref odd, factors[2], factors[3]);

        var pairs = BlendDoublewords(even, (odd.AsInt64() << 32).AsInt16());       // lower pair of 0, of 4, of 8 …
        var nextPairs = BlendDoublewords((even.AsInt64() >>> 32).AsInt16(), odd);  // upper pair of 0, of 4, of 8 …
        Butterfly(ref pairs, ref nextPairs, factors[4], factors[5]);

        (pairs, nextPairs) = (BarrettReduce(pairs), BarrettReduce(nextPairs));
        low = Avx2.UnpackLow(pairs.AsInt32(), nextPairs.AsInt32()).AsInt16();      // 0 4 | 16 20
        high = Avx2.UnpackHigh(pairs.AsInt32(), nextPairs.AsInt32()).AsInt16();    // 8 12 | 24 28
        first = Avx2.Permute2x128(low, high, LowHalves);
        second = Avx2.Permute2x128(low, high, HighHalves);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InverseNarrowLayers(
        ref Vector256<short> first, ref Vector256<short> second, ReadOnlySpan<Vector256<short>> factors)
    {
        const byte EvenPairs = 0b10_00_10_00;
        const byte OddPairs = 0b11_01_11_01;
        var low = BarrettReduce(Avx2.Permute2x128(first, second, LowHalves));
        var high = BarrettReduce(Avx2.Permute2x128(first, second, HighHalves));
        var pairs = Avx.Shuffle(low.AsSingle(), high.AsSingle(), EvenPairs).AsInt16();
        var nextPairs = Avx.Shuffle(low.AsSingle(), high.AsSingle(), OddPairs).AsInt16();
        InverseButterfly(ref pairs, ref nextPairs, factors[0], factors[1]);

        var even = BlendDoublewords(pairs, (nextPairs.AsInt64() << 32).AsInt16());
        var odd = BlendDoublewords((pairs.AsInt64() >>> 32).AsInt16(), nextPairs);
        InverseButterfly(ref even, ref odd, factors[2], factors[3]);

        low = Avx2.UnpackLow(even.AsInt64(), odd.AsInt64()).AsInt16();
        high = Avx2.UnpackHigh(even.AsInt64(), odd.AsInt64()).AsInt16();
        InverseButterfly(ref low, ref high, factors[4], factors[5]);

        first = Avx2.Permute2x128(low, high, LowHalves);
        second = Avx2.Permute2x128(low, high, HighHalves);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Butterfly(ref Vector256<short> low, ref Vector256<short> high, int power) =>
        Butterfly(ref low, ref high, Vector256.Create(_powers[2 * power]), Vector256.Create(_powers[(2 * power) + 1]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void InverseButterfly(ref Vector256<short> low, ref Vector256<short> high, int power) =>
        InverseButterfly(ref low, ref high, Vector256.Create(_powers[2 * power]), Vector256.Create(_powers[(2 * power) + 1]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Butterfly(
        ref Vector256<short> low, ref Vector256<short> high, Vector256<short> factor, Vector256<short> factorProduct)
    {
        var scaled = MontgomeryMultiply(high, factor, factorProduct);
        high = low - scaled;
        low += scaled;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InverseButterfly(
        ref Vector256<short> low, ref Vector256<short> high, Vector256<short> factor, Vector256<short> factorProduct)
    {
        var difference = high - low;
        low += high;
        high = MontgomeryMultiply(difference, factor, factorProduct);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> BlendDoublewords(Vector256<short> even, Vector256<short> odd) =>
        Avx2.Blend(even.AsInt32(), odd.AsInt32(), OddDoublewords).AsInt16();
}

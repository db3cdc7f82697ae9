using System.Runtime.CompilerServices;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Expands the public seed ρ into the matrix Â (FIPS 203 algorithm 13, steps 3 to 7). Everything here is public.</summary>
internal static class MatrixSampler
{
    /// <summary>Writes Â row by row.</summary>
    /// <param name="backend">The inner loops to use.</param>
    /// <param name="seed">ρ, 32 bytes.</param>
    /// <param name="rank">k.</param>
    /// <param name="matrix">Receives k × k polynomials.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Sample(MlKemBackend backend, ReadOnlySpan<byte> seed, int rank, Span<short> matrix)
    {
        Span<ulong> states = stackalloc ulong[KeccakBatch.StateCountMax * KeccakPermutation.LaneCount];
        Span<ulong> tails = stackalloc ulong[KeccakBatch.StateCountMax];
        int row = 0, column = 0, width;
        for (var entry = 0; entry < rank * rank; entry += width)
        {
            var remaining = (rank * rank) - entry;
            width = backend.Keccak.WidthFor(remaining);
            for (var i = 0; i < width; i++)
            {
                tails[i] = (uint)column | ((uint)row << 8) | (0x1Fu << 16);
                column++;
                if (column == rank)
                {
                    column = 0;
                    row++;
                }
            }

            KeccakBatch.Start(states, width, seed, tails, Sponge.Shake128Rate);
            var polynomials = matrix[(entry * Field.Degree)..];
            SampleBatch(backend.Arithmetic, states, width, Math.Min(width, remaining), polynomials);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SampleBatch(
        PolynomialArithmetic arithmetic, Span<ulong> states, int width, int wanted, Span<short> polynomials)
    {
        const int Rate = Sponge.Shake128Rate;
        Span<byte> blocks = stackalloc byte[KeccakBatch.StateCountMax * Rate];
        Span<int> counts = stackalloc int[KeccakBatch.StateCountMax];
        counts.Clear();
        for (var complete = 0; complete < wanted;)
        {
            KeccakBatch.Permute(states, width);

            // All are extracted before the first is read: a wide load waits for narrow stores that are still on their way.
            for (var i = 0; i < wanted; i++)
            {
                KeccakBatch.Extract(states, width, i, blocks.Slice(i * Rate, Rate));
            }

            complete = 0;
            for (var i = 0; i < wanted; i++)
            {
                var missing = polynomials.Slice((i * Field.Degree) + counts[i], Field.Degree - counts[i]);
                counts[i] += arithmetic.SampleUniform(blocks.Slice(i * Rate, Rate), missing);
                complete += counts[i] == Field.Degree ? 1 : 0;
            }
        }
    }
}

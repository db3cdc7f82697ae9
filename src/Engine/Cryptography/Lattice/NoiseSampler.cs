using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Expands a secret seed into small polynomials: SamplePolyCBD(PRF(seed, nonce)) for rising nonces.</summary>
internal static class NoiseSampler
{
    private const int StreamSizeMax = 192;

    /// <summary>Fills <paramref name="polynomials"/>, one for each nonce from <paramref name="nonce"/> on.</summary>
    /// <param name="backend">The inner loops to use.</param>
    /// <param name="seed">σ or r, 32 secret bytes.</param>
    /// <param name="nonce">The first polynomial's nonce.</param>
    /// <param name="eta">2 or 3.</param>
    /// <param name="polynomials">A multiple of 256 coefficients.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Sample(
        MlKemBackend backend, ReadOnlySpan<byte> seed, int nonce, int eta, Span<short> polynomials)
    {
        Span<ulong> states = stackalloc ulong[KeccakBatch.StateCountMax * KeccakPermutation.LaneCount];
        Span<ulong> tails = stackalloc ulong[KeccakBatch.StateCountMax];
        Span<byte> streams = stackalloc byte[KeccakBatch.StateCountMax * StreamSizeMax];
        var streamSize = 64 * eta;
        while (!polynomials.IsEmpty)
        {
            var remaining = polynomials.Length / Field.Degree;
            var width = backend.Keccak.WidthFor(remaining);
            var count = Math.Min(width, remaining);
            for (var i = 0; i < width; i++)
            {
                tails[i] = (uint)nonce++ | (0x1Fu << 8);
            }

            KeccakBatch.Start(states, width, seed, tails, Sponge.Shake256Rate);
            for (var at = 0; at < streamSize; at += Sponge.Shake256Rate)
            {
                KeccakBatch.Permute(states, width);
                var size = Math.Min(streamSize - at, Sponge.Shake256Rate);
                for (var i = 0; i < count; i++)
                {
                    KeccakBatch.Extract(states, width, i, streams.Slice((i * streamSize) + at, size));
                }
            }

            for (var i = 0; i < count; i++)
            {
                backend.Arithmetic.SampleBinomial(
                    streams.Slice(i * streamSize, streamSize), eta, polynomials.Slice(i * Field.Degree, Field.Degree));
            }

            polynomials = polynomials[(count * Field.Degree)..];
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(states));
        CryptographicOperations.ZeroMemory(streams);
    }
}

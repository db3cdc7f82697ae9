using System.Numerics;
using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Cryptography.Sha3;

/// <summary>Keccak-f[1600] on one state (FIPS 202 section 3.3).</summary>
internal static class KeccakPermutation
{
    /// <summary>The number of 64-bit lanes in a state; lane x + 5y is A[x, y].</summary>
    internal const int LaneCount = 25;

    /// <summary>Gets the 24 round constants (FIPS 202 section 3.2.5).</summary>
    internal static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>Permutes <paramref name="state"/> in place.</summary>
    /// <param name="state">At least 25 lanes; the first 25 are permuted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Permute(Span<ulong> state)
    {
        var lanes = state[..LaneCount];
        var constants = RoundConstants;

        ulong a0 = lanes[0], a1 = lanes[1], a2 = lanes[2], a3 = lanes[3], a4 = lanes[4];
        ulong a5 = lanes[5], a6 = lanes[6], a7 = lanes[7], a8 = lanes[8], a9 = lanes[9];
        ulong a10 = lanes[10], a11 = lanes[11], a12 = lanes[12], a13 = lanes[13], a14 = lanes[14];
        ulong a15 = lanes[15], a16 = lanes[16], a17 = lanes[17], a18 = lanes[18], a19 = lanes[19];
        ulong a20 = lanes[20], a21 = lanes[21], a22 = lanes[22], a23 = lanes[23], a24 = lanes[24];
        ulong e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12;
        ulong e13, e14, e15, e16, e17, e18, e19, e20, e21, e22, e23, e24;
        ulong c0, c1, c2, c3, c4, d0, d1, d2, d3, d4, t0, t1, t2, t3, t4;

        for (var round = 0; round < 24; round += 2)
        {
            c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
            c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
            c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
            c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
            c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
            d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            t0 = a0 ^ d0;
            t1 = BitOperations.RotateLeft(a6 ^ d1, 44);
            t2 = BitOperations.RotateLeft(a12 ^ d2, 43);
            t3 = BitOperations.RotateLeft(a18 ^ d3, 21);
            t4 = BitOperations.RotateLeft(a24 ^ d4, 14);
            e0 = t0 ^ (~t1 & t2) ^ constants[round];
            e1 = t1 ^ (~t2 & t3);
            e2 = t2 ^ (~t3 & t4);
            e3 = t3 ^ (~t4 & t0);
            e4 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(a3 ^ d3, 28);
            t1 = BitOperations.RotateLeft(a9 ^ d4, 20);
            t2 = BitOperations.RotateLeft(a10 ^ d0, 3);
            t3 = BitOperations.RotateLeft(a16 ^ d1, 45);
            t4 = BitOperations.RotateLeft(a22 ^ d2, 61);
            e5 = t0 ^ (~t1 & t2);
            e6 = t1 ^ (~t2 & t3);
            e7 = t2 ^ (~t3 & t4);
            e8 = t3 ^ (~t4 & t0);
            e9 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(a1 ^ d1, 1);
            t1 = BitOperations.RotateLeft(a7 ^ d2, 6);
            t2 = BitOperations.RotateLeft(a13 ^ d3, 25);
            t3 = BitOperations.RotateLeft(a19 ^ d4, 8);
            t4 = BitOperations.RotateLeft(a20 ^ d0, 18);
            e10 = t0 ^ (~t1 & t2);
            e11 = t1 ^ (~t2 & t3);
            e12 = t2 ^ (~t3 & t4);
            e13 = t3 ^ (~t4 & t0);
            e14 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(a4 ^ d4, 27);
            t1 = BitOperations.RotateLeft(a5 ^ d0, 36);
            t2 = BitOperations.RotateLeft(a11 ^ d1, 10);
            t3 = BitOperations.RotateLeft(a17 ^ d2, 15);
            t4 = BitOperations.RotateLeft(a23 ^ d3, 56);
            e15 = t0 ^ (~t1 & t2);
            e16 = t1 ^ (~t2 & t3);
            e17 = t2 ^ (~t3 & t4);
            e18 = t3 ^ (~t4 & t0);
            e19 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(a2 ^ d2, 62);
            t1 = BitOperations.RotateLeft(a8 ^ d3, 55);
            t2 = BitOperations.RotateLeft(a14 ^ d4, 39);
            t3 = BitOperations.RotateLeft(a15 ^ d0, 41);
            t4 = BitOperations.RotateLeft(a21 ^ d1, 2);
            e20 = t0 ^ (~t1 & t2);
            e21 = t1 ^ (~t2 & t3);
            e22 = t2 ^ (~t3 & t4);
            e23 = t3 ^ (~t4 & t0);
            e24 = t4 ^ (~t0 & t1);

            // The second of the two rounds writes back into the first set of names, so that no lane is ever moved.
            c0 = e0 ^ e5 ^ e10 ^ e15 ^ e20;
            c1 = e1 ^ e6 ^ e11 ^ e16 ^ e21;
            c2 = e2 ^ e7 ^ e12 ^ e17 ^ e22;
            c3 = e3 ^ e8 ^ e13 ^ e18 ^ e23;
            c4 = e4 ^ e9 ^ e14 ^ e19 ^ e24;
            d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            t0 = e0 ^ d0;
            t1 = BitOperations.RotateLeft(e6 ^ d1, 44);
            t2 = BitOperations.RotateLeft(e12 ^ d2, 43);
            t3 = BitOperations.RotateLeft(e18 ^ d3, 21);
            t4 = BitOperations.RotateLeft(e24 ^ d4, 14);
            a0 = t0 ^ (~t1 & t2) ^ constants[round + 1];
            a1 = t1 ^ (~t2 & t3);
            a2 = t2 ^ (~t3 & t4);
            a3 = t3 ^ (~t4 & t0);
            a4 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(e3 ^ d3, 28);
            t1 = BitOperations.RotateLeft(e9 ^ d4, 20);
            t2 = BitOperations.RotateLeft(e10 ^ d0, 3);
            t3 = BitOperations.RotateLeft(e16 ^ d1, 45);
            t4 = BitOperations.RotateLeft(e22 ^ d2, 61);
            a5 = t0 ^ (~t1 & t2);
            a6 = t1 ^ (~t2 & t3);
            a7 = t2 ^ (~t3 & t4);
            a8 = t3 ^ (~t4 & t0);
            a9 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(e1 ^ d1, 1);
            t1 = BitOperations.RotateLeft(e7 ^ d2, 6);
            t2 = BitOperations.RotateLeft(e13 ^ d3, 25);
            t3 = BitOperations.RotateLeft(e19 ^ d4, 8);
            t4 = BitOperations.RotateLeft(e20 ^ d0, 18);
            a10 = t0 ^ (~t1 & t2);
            a11 = t1 ^ (~t2 & t3);
            a12 = t2 ^ (~t3 & t4);
            a13 = t3 ^ (~t4 & t0);
            a14 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(e4 ^ d4, 27);
            t1 = BitOperations.RotateLeft(e5 ^ d0, 36);
            t2 = BitOperations.RotateLeft(e11 ^ d1, 10);
            t3 = BitOperations.RotateLeft(e17 ^ d2, 15);
            t4 = BitOperations.RotateLeft(e23 ^ d3, 56);
            a15 = t0 ^ (~t1 & t2);
            a16 = t1 ^ (~t2 & t3);
            a17 = t2 ^ (~t3 & t4);
            a18 = t3 ^ (~t4 & t0);
            a19 = t4 ^ (~t0 & t1);

            t0 = BitOperations.RotateLeft(e2 ^ d2, 62);
            t1 = BitOperations.RotateLeft(e8 ^ d3, 55);
            t2 = BitOperations.RotateLeft(e14 ^ d4, 39);
            t3 = BitOperations.RotateLeft(e15 ^ d0, 41);
            t4 = BitOperations.RotateLeft(e21 ^ d1, 2);
            a20 = t0 ^ (~t1 & t2);
            a21 = t1 ^ (~t2 & t3);
            a22 = t2 ^ (~t3 & t4);
            a23 = t3 ^ (~t4 & t0);
            a24 = t4 ^ (~t0 & t1);
        }

        lanes[0] = a0;
        lanes[1] = a1;
        lanes[2] = a2;
        lanes[3] = a3;
        lanes[4] = a4;
        lanes[5] = a5;
        lanes[6] = a6;
        lanes[7] = a7;
        lanes[8] = a8;
        lanes[9] = a9;
        lanes[10] = a10;
        lanes[11] = a11;
        lanes[12] = a12;
        lanes[13] = a13;
        lanes[14] = a14;
        lanes[15] = a15;
        lanes[16] = a16;
        lanes[17] = a17;
        lanes[18] = a18;
        lanes[19] = a19;
        lanes[20] = a20;
        lanes[21] = a21;
        lanes[22] = a22;
        lanes[23] = a23;
        lanes[24] = a24;
    }
}

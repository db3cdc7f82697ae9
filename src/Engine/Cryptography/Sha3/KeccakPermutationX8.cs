using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Cryptography.Sha3;

/// <summary>Keccak-f[1600] on eight states at once, lane by lane (FIPS 202 section 3.3).</summary>
/// <remarks>Lane <c>l</c> of state <c>s</c> lies at index <c>8 l + s</c>, so one vector holds one lane of every state.</remarks>
internal static class KeccakPermutationX8
{
    /// <summary>The number of states permuted together.</summary>
    internal const int StateCount = 8;

    /// <summary>Gets whether this processor has AVX-512.</summary>
    internal static bool IsSupported => Avx512F.IsSupported;

    /// <summary>Permutes all states in place.</summary>
    /// <param name="states">200 lanes, interleaved.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Permute(Span<ulong> states)
    {
        var lanes = MemoryMarshal.Cast<ulong, Vector512<ulong>>(states)[..KeccakPermutation.LaneCount];
        var constants = KeccakPermutation.RoundConstants;

        Vector512<ulong> a0 = lanes[0], a1 = lanes[1], a2 = lanes[2], a3 = lanes[3], a4 = lanes[4];
        Vector512<ulong> a5 = lanes[5], a6 = lanes[6], a7 = lanes[7], a8 = lanes[8], a9 = lanes[9];
        Vector512<ulong> a10 = lanes[10], a11 = lanes[11], a12 = lanes[12], a13 = lanes[13], a14 = lanes[14];
        Vector512<ulong> a15 = lanes[15], a16 = lanes[16], a17 = lanes[17], a18 = lanes[18], a19 = lanes[19];
        Vector512<ulong> a20 = lanes[20], a21 = lanes[21], a22 = lanes[22], a23 = lanes[23], a24 = lanes[24];
        Vector512<ulong> e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12;
        Vector512<ulong> e13, e14, e15, e16, e17, e18, e19, e20, e21, e22, e23, e24;
        Vector512<ulong> c0, c1, c2, c3, c4, d0, d1, d2, d3, d4, t0, t1, t2, t3, t4;

        for (var round = 0; round < 24; round += 2)
        {
            c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
            c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
            c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
            c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
            c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
            d0 = c4 ^ Avx512F.RotateLeft(c1, 1);
            d1 = c0 ^ Avx512F.RotateLeft(c2, 1);
            d2 = c1 ^ Avx512F.RotateLeft(c3, 1);
            d3 = c2 ^ Avx512F.RotateLeft(c4, 1);
            d4 = c3 ^ Avx512F.RotateLeft(c0, 1);

            t0 = a0 ^ d0;
            t1 = Avx512F.RotateLeft(a6 ^ d1, 44);
            t2 = Avx512F.RotateLeft(a12 ^ d2, 43);
            t3 = Avx512F.RotateLeft(a18 ^ d3, 21);
            t4 = Avx512F.RotateLeft(a24 ^ d4, 14);
            e0 = t0 ^ Vector512.AndNot(t2, t1) ^ Vector512.Create(constants[round]);
            e1 = t1 ^ Vector512.AndNot(t3, t2);
            e2 = t2 ^ Vector512.AndNot(t4, t3);
            e3 = t3 ^ Vector512.AndNot(t0, t4);
            e4 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(a3 ^ d3, 28);
            t1 = Avx512F.RotateLeft(a9 ^ d4, 20);
            t2 = Avx512F.RotateLeft(a10 ^ d0, 3);
            t3 = Avx512F.RotateLeft(a16 ^ d1, 45);
            t4 = Avx512F.RotateLeft(a22 ^ d2, 61);
            e5 = t0 ^ Vector512.AndNot(t2, t1);
            e6 = t1 ^ Vector512.AndNot(t3, t2);
            e7 = t2 ^ Vector512.AndNot(t4, t3);
            e8 = t3 ^ Vector512.AndNot(t0, t4);
            e9 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(a1 ^ d1, 1);
            t1 = Avx512F.RotateLeft(a7 ^ d2, 6);
            t2 = Avx512F.RotateLeft(a13 ^ d3, 25);
            t3 = Avx512F.RotateLeft(a19 ^ d4, 8);
            t4 = Avx512F.RotateLeft(a20 ^ d0, 18);
            e10 = t0 ^ Vector512.AndNot(t2, t1);
            e11 = t1 ^ Vector512.AndNot(t3, t2);
            e12 = t2 ^ Vector512.AndNot(t4, t3);
            e13 = t3 ^ Vector512.AndNot(t0, t4);
            e14 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(a4 ^ d4, 27);
            t1 = Avx512F.RotateLeft(a5 ^ d0, 36);
            t2 = Avx512F.RotateLeft(a11 ^ d1, 10);
            t3 = Avx512F.RotateLeft(a17 ^ d2, 15);
            t4 = Avx512F.RotateLeft(a23 ^ d3, 56);
            e15 = t0 ^ Vector512.AndNot(t2, t1);
            e16 = t1 ^ Vector512.AndNot(t3, t2);
            e17 = t2 ^ Vector512.AndNot(t4, t3);
            e18 = t3 ^ Vector512.AndNot(t0, t4);
            e19 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(a2 ^ d2, 62);
            t1 = Avx512F.RotateLeft(a8 ^ d3, 55);
            t2 = Avx512F.RotateLeft(a14 ^ d4, 39);
            t3 = Avx512F.RotateLeft(a15 ^ d0, 41);
            t4 = Avx512F.RotateLeft(a21 ^ d1, 2);
            e20 = t0 ^ Vector512.AndNot(t2, t1);
            e21 = t1 ^ Vector512.AndNot(t3, t2);
            e22 = t2 ^ Vector512.AndNot(t4, t3);
            e23 = t3 ^ Vector512.AndNot(t0, t4);
            e24 = t4 ^ Vector512.AndNot(t1, t0);

            // The second of the two rounds writes back into the first set of names, so that no lane is ever moved.
            c0 = e0 ^ e5 ^ e10 ^ e15 ^ e20;
            c1 = e1 ^ e6 ^ e11 ^ e16 ^ e21;
            c2 = e2 ^ e7 ^ e12 ^ e17 ^ e22;
            c3 = e3 ^ e8 ^ e13 ^ e18 ^ e23;
            c4 = e4 ^ e9 ^ e14 ^ e19 ^ e24;
            d0 = c4 ^ Avx512F.RotateLeft(c1, 1);
            d1 = c0 ^ Avx512F.RotateLeft(c2, 1);
            d2 = c1 ^ Avx512F.RotateLeft(c3, 1);
            d3 = c2 ^ Avx512F.RotateLeft(c4, 1);
            d4 = c3 ^ Avx512F.RotateLeft(c0, 1);

            t0 = e0 ^ d0;
            t1 = Avx512F.RotateLeft(e6 ^ d1, 44);
            t2 = Avx512F.RotateLeft(e12 ^ d2, 43);
            t3 = Avx512F.RotateLeft(e18 ^ d3, 21);
            t4 = Avx512F.RotateLeft(e24 ^ d4, 14);
            a0 = t0 ^ Vector512.AndNot(t2, t1) ^ Vector512.Create(constants[round + 1]);
            a1 = t1 ^ Vector512.AndNot(t3, t2);
            a2 = t2 ^ Vector512.AndNot(t4, t3);
            a3 = t3 ^ Vector512.AndNot(t0, t4);
            a4 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(e3 ^ d3, 28);
            t1 = Avx512F.RotateLeft(e9 ^ d4, 20);
            t2 = Avx512F.RotateLeft(e10 ^ d0, 3);
            t3 = Avx512F.RotateLeft(e16 ^ d1, 45);
            t4 = Avx512F.RotateLeft(e22 ^ d2, 61);
            a5 = t0 ^ Vector512.AndNot(t2, t1);
            a6 = t1 ^ Vector512.AndNot(t3, t2);
            a7 = t2 ^ Vector512.AndNot(t4, t3);
            a8 = t3 ^ Vector512.AndNot(t0, t4);
            a9 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(e1 ^ d1, 1);
            t1 = Avx512F.RotateLeft(e7 ^ d2, 6);
            t2 = Avx512F.RotateLeft(e13 ^ d3, 25);
            t3 = Avx512F.RotateLeft(e19 ^ d4, 8);
            t4 = Avx512F.RotateLeft(e20 ^ d0, 18);
            a10 = t0 ^ Vector512.AndNot(t2, t1);
            a11 = t1 ^ Vector512.AndNot(t3, t2);
            a12 = t2 ^ Vector512.AndNot(t4, t3);
            a13 = t3 ^ Vector512.AndNot(t0, t4);
            a14 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(e4 ^ d4, 27);
            t1 = Avx512F.RotateLeft(e5 ^ d0, 36);
            t2 = Avx512F.RotateLeft(e11 ^ d1, 10);
            t3 = Avx512F.RotateLeft(e17 ^ d2, 15);
            t4 = Avx512F.RotateLeft(e23 ^ d3, 56);
            a15 = t0 ^ Vector512.AndNot(t2, t1);
            a16 = t1 ^ Vector512.AndNot(t3, t2);
            a17 = t2 ^ Vector512.AndNot(t4, t3);
            a18 = t3 ^ Vector512.AndNot(t0, t4);
            a19 = t4 ^ Vector512.AndNot(t1, t0);

            t0 = Avx512F.RotateLeft(e2 ^ d2, 62);
            t1 = Avx512F.RotateLeft(e8 ^ d3, 55);
            t2 = Avx512F.RotateLeft(e14 ^ d4, 39);
            t3 = Avx512F.RotateLeft(e15 ^ d0, 41);
            t4 = Avx512F.RotateLeft(e21 ^ d1, 2);
            a20 = t0 ^ Vector512.AndNot(t2, t1);
            a21 = t1 ^ Vector512.AndNot(t3, t2);
            a22 = t2 ^ Vector512.AndNot(t4, t3);
            a23 = t3 ^ Vector512.AndNot(t0, t4);
            a24 = t4 ^ Vector512.AndNot(t1, t0);
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

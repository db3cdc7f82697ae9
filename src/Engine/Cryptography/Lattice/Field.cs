using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Arithmetic modulo q = 3329 on 16-bit lanes, without branches and without division.</summary>
internal static class Field
{
    internal const short Q = 3329;

    /// <summary>Coefficients in a polynomial.</summary>
    internal const int Degree = 256;

    /// <summary>q⁻¹ modulo 2^16, as a signed number.</summary>
    internal const short QInverse = -3327;

    /// <summary>⌊2^26 / q⌉, for Barrett reduction.</summary>
    internal const short BarrettFactor = 20159;

    /// <summary>R = 2^16 modulo q, centred: one in Montgomery form.</summary>
    internal const short MontgomeryOne = -1044;

    /// <summary>R² modulo q: multiplying by it brings a number into Montgomery form.</summary>
    internal const short MontgomerySquare = 1353;

    /// <summary>R² / 128 modulo q: undoes the scaling of the inverse transform and leaves the result times R.</summary>
    internal const short InverseTransformScale = 1441;

    /// <summary>⌈q / 2⌉: a set message bit as a coefficient.</summary>
    internal const short HalfQ = 1665;

    // t / q = t × this >> 36, exact for t < 2^23: this × q − 2^36 = 1,655 < 2^12, and 2^23 × 2^12 < 2^36.
    internal const uint DivisionFactor = 20_642_679;
    internal const int DivisionShift = 36;

    /// <summary>a × b / R modulo q, in (−q, q). |a × b| must stay below 2^15 q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static short MontgomeryMultiply(short a, short b) => MontgomeryReduce(a * b);

    /// <summary>product / R modulo q, in (−q, q) for |product| below 2^15 q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static short MontgomeryReduce(int product)
    {
        var quotient = (short)((short)product * QInverse);
        return (short)((product - (quotient * Q)) >> 16);
    }

    /// <summary>The centred representative, in [−(q−1)/2, (q−1)/2], of any 16-bit number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static short BarrettReduce(short a)
    {
        var quotient = ((BarrettFactor * a) + (1 << 25)) >> 26;
        return (short)(a - (quotient * Q));
    }

    /// <summary>[0, q) from (−q, q).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static short Canonical(short a) => (short)(a + ((a >> 15) & Q));
}

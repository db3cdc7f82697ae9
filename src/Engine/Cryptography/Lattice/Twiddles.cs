namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Powers of the 256th root of unity 17, centred and in Montgomery form (FIPS 203 section 4.3, appendix A).</summary>
internal static class Twiddles
{
    private const int Root = 17;

    /// <summary>Makes 17^BitRev7(i) for i in 0..127.</summary>
    internal static short[] Powers()
    {
        var powers = new short[128];
        for (var i = 0; i < powers.Length; i++)
        {
            var power = 1;
            for (var exponent = BitReverse7(i); exponent > 0; exponent--)
            {
                power = power * Root % Field.Q;
            }

            powers[i] = Field.BarrettReduce(Field.MontgomeryMultiply((short)power, Field.MontgomerySquare));
        }

        return powers;
    }

    /// <summary>Makes the factors that turn each pair (b0, b1) into (b0, ζ b1), with ζ = 17^(2 BitRev7(i) + 1).</summary>
    internal static short[] PairFactors(ReadOnlySpan<short> powers)
    {
        var factors = new short[Field.Degree];
        for (var pair = 0; pair < Field.Degree / 2; pair++)
        {
            var power = powers[64 + (pair >> 1)];
            factors[2 * pair] = Field.MontgomeryOne;
            factors[(2 * pair) + 1] = (pair & 1) == 0 ? power : (short)-power;
        }

        return factors;
    }

    private static int BitReverse7(int value)
    {
        var reversed = 0;
        for (var bit = 0; bit < 7; bit++)
        {
            reversed |= ((value >> bit) & 1) << (6 - bit);
        }

        return reversed;
    }
}

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Twiddle factors laid out as the vector code meets them, each vector followed by itself times q⁻¹.</summary>
/// <remarks>
/// A group is two vectors, 32 consecutive coefficients. Layers of distance 8, 4 and 2 work inside it, on lanes
/// rearranged so that one factor covers 8, 4 or 2 neighbouring lanes. Wider layers broadcast one factor.
/// </remarks>
internal static class Avx2Twiddles
{
    /// <summary>16-bit lanes in a vector.</summary>
    internal const int Lanes = 16;

    /// <summary>Lanes of one group: three layers, two vectors each.</summary>
    internal const int GroupLength = 3 * 2 * Lanes;

    private const int GroupCount = Field.Degree / 32;

    /// <summary>Factors of the forward layers 8, 4, 2, in this order for each group.</summary>
    internal static short[] Forward(ReadOnlySpan<short> powers)
    {
        var table = new short[GroupCount * GroupLength];
        for (var group = 0; group < GroupCount; group++)
        {
            var at = table.AsSpan(group * GroupLength, GroupLength);
            FillLayer(at, powers, distance: 8, first: 16 + (2 * group), step: 1);
            FillLayer(at[(2 * Lanes)..], powers, distance: 4, first: 32 + (4 * group), step: 1);
            FillLayer(at[(4 * Lanes)..], powers, distance: 2, first: 64 + (8 * group), step: 1);
        }

        return table;
    }

    /// <summary>Factors of the inverse layers 2, 4, 8, in this order for each group.</summary>
    internal static short[] Inverse(ReadOnlySpan<short> powers)
    {
        var table = new short[GroupCount * GroupLength];
        for (var group = 0; group < GroupCount; group++)
        {
            var at = table.AsSpan(group * GroupLength, GroupLength);
            FillLayer(at, powers, distance: 2, first: 127 - (8 * group), step: -1);
            FillLayer(at[(2 * Lanes)..], powers, distance: 4, first: 63 - (4 * group), step: -1);
            FillLayer(at[(4 * Lanes)..], powers, distance: 8, first: 31 - (2 * group), step: -1);
        }

        return table;
    }

    /// <summary>Interleaves vectors of factors with the same times q⁻¹.</summary>
    internal static short[] WithInverseProducts(ReadOnlySpan<short> factors)
    {
        var table = new short[2 * factors.Length];
        for (var i = 0; i < factors.Length; i++)
        {
            var at = ((i / Lanes) * 2 * Lanes) + (i % Lanes);
            table[at] = factors[i];
            table[at + Lanes] = (short)(factors[i] * Field.QInverse);
        }

        return table;
    }

    private static void FillLayer(Span<short> vectors, ReadOnlySpan<short> powers, int distance, int first, int step)
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            var power = powers[first + (step * (lane / distance))];
            vectors[lane] = power;
            vectors[Lanes + lane] = (short)(power * Field.QInverse);
        }
    }
}

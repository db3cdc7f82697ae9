namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>A parameter set of FIPS 203 section 8, table 2, and the sizes that follow from it. All sizes are bytes.</summary>
internal sealed class MlKemParameters
{
    /// <summary>Seeds, messages, hashes of keys and shared secrets are all 32 bytes.</summary>
    internal const int SymmetricSize = 32;

    /// <summary>d ‖ z (FIPS 203 section 7.1).</summary>
    internal const int SeedSize = 64;

    /// <summary>The largest k.</summary>
    internal const int RankMax = 4;

    /// <summary>A polynomial of 12-bit coefficients.</summary>
    internal const int EncodedPolynomialSize = 384;

    private MlKemParameters(string name, int rank, int eta1, int uBits, int vBits)
    {
        Name = name;
        Rank = rank;
        Eta1 = eta1;
        UBits = uBits;
        VBits = vBits;
    }

    internal static MlKemParameters MlKem512 { get; } = new("MLKEM512", rank: 2, eta1: 3, uBits: 10, vBits: 4);

    internal static MlKemParameters MlKem768 { get; } = new("MLKEM768", rank: 3, eta1: 2, uBits: 10, vBits: 4);

    internal static MlKemParameters MlKem1024 { get; } = new("MLKEM1024", rank: 4, eta1: 2, uBits: 11, vBits: 5);

    internal string Name { get; }

    /// <summary>Gets k: vectors hold k polynomials, the matrix k × k.</summary>
    internal int Rank { get; }

    internal int Eta1 { get; }

    internal int UBits { get; }

    internal int VBits { get; }

    /// <summary>Gets the number of coefficients in a vector.</summary>
    internal int VectorLength => Rank * Field.Degree;

    /// <summary>Gets the number of coefficients in the matrix.</summary>
    internal int MatrixLength => Rank * VectorLength;

    internal int EncodedVectorSize => Rank * EncodedPolynomialSize;

    internal int EncapsulationKeySize => EncodedVectorSize + SymmetricSize;

    /// <summary>Gets the size of dk_PKE ‖ ek ‖ H(ek) ‖ z (FIPS 203 algorithm 16).</summary>
    internal int ExpandedDecapsulationKeySize => EncodedVectorSize + EncapsulationKeySize + (2 * SymmetricSize);

    internal int CompressedUSize => 32 * UBits;

    internal int CiphertextSize => (Rank * CompressedUSize) + (32 * VBits);
}

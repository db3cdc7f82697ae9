using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Which implementations of the inner loops ML-KEM runs on. Chosen once; keys remember theirs.</summary>
internal sealed record MlKemBackend(string Name, PolynomialArithmetic Arithmetic, KeccakBatch Keccak)
{
    private static readonly ScalarArithmetic ScalarLoops = new();

    /// <summary>Gets the implementation that runs everywhere.</summary>
    internal static MlKemBackend Scalar { get; } = new("scalar", ScalarLoops, KeccakBatch.One);

    /// <summary>Gets every implementation this processor runs, slowest first.</summary>
    internal static IReadOnlyList<MlKemBackend> Supported { get; } = FindSupported();

    /// <summary>Gets the fastest implementation this processor runs.</summary>
    internal static MlKemBackend Best => Supported[^1];

    private static IReadOnlyList<MlKemBackend> FindSupported()
    {
        if (!Avx2Arithmetic.IsSupported)
        {
            return [Scalar];
        }

        var vectors = new Avx2Arithmetic();
        MlKemBackend avx2 = new("AVX2", vectors, KeccakBatch.Four);
        return KeccakPermutationX8.IsSupported
            ? [Scalar, avx2, new MlKemBackend("AVX2, Keccak in AVX-512", vectors, KeccakBatch.Widest)]
            : [Scalar, avx2];
    }
}

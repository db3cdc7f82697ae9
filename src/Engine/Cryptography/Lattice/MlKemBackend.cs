using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>Which implementations of the inner loops ML-KEM runs on. Chosen once; keys remember theirs.</summary>
internal sealed record MlKemBackend(string Name, PolynomialArithmetic Arithmetic, KeccakBatch Keccak)
{
    private static readonly ScalarArithmetic ScalarLoops = new();

    /// <summary>Gets the implementation that runs everywhere.</summary>
    internal static MlKemBackend Scalar { get; } = new("scalar", ScalarLoops, KeccakBatch.One);

    /// <summary>Gets every implementation this processor runs, slowest first.</summary>
    internal static IReadOnlyList<MlKemBackend> Supported { get; } = [Scalar];

    /// <summary>Gets the fastest implementation this processor runs.</summary>
    internal static MlKemBackend Best => Supported[^1];
}

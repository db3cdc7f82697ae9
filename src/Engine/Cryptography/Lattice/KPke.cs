using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>The public-key encryption inside ML-KEM (FIPS 203 section 5). Scratch that held secrets is zeroed.</summary>
internal static class KPke
{
    private const int Degree = Field.Degree;
    private const int RankMax = MlKemParameters.RankMax;

    /// <summary>Makes ŝ and t̂ from σ and Â (algorithm 13, steps 8 to 18).</summary>
    /// <param name="parameters">The parameter set.</param>
    /// <param name="backend">The inner loops to use.</param>
    /// <param name="sigma">32 secret bytes.</param>
    /// <param name="matrix">Â, row by row.</param>
    /// <param name="secretVector">Receives ŝ, k centred polynomials; secret.</param>
    /// <param name="publicVector">Receives t̂, k canonical polynomials.</param>
    [SkipLocalsInit]
    internal static void GenerateKey(
        MlKemParameters parameters,
        MlKemBackend backend,
        ReadOnlySpan<byte> sigma,
        ReadOnlySpan<short> matrix,
        Span<short> secretVector,
        Span<short> publicVector)
    {
        Span<short> noise = stackalloc short[2 * RankMax * Degree];
        Span<short> prepared = stackalloc short[RankMax * PolynomialArithmetic.PreparedLength];
        var arithmetic = backend.Arithmetic;
        var length = parameters.VectorLength;
        noise = noise[..(2 * length)];
        NoiseSampler.Sample(backend, sigma, nonce: 0, parameters.Eta1, noise);
        for (var i = 0; i < 2 * parameters.Rank; i++)
        {
            arithmetic.Transform(Polynomial(noise, i));
        }

        noise[..length].CopyTo(secretVector);
        PrepareAll(arithmetic, secretVector, parameters.Rank, prepared);
        for (var i = 0; i < parameters.Rank; i++)
        {
            var row = Polynomial(publicVector, i);
            arithmetic.InnerProduct(matrix[(i * length)..], Degree, prepared, parameters.Rank, row);
            arithmetic.ScaleAndAdd(row, Polynomial(noise, parameters.Rank + i));
        }

        Zero(noise);
        Zero(prepared);
    }

    /// <summary>Encrypts (algorithm 14).</summary>
    /// <param name="parameters">The parameter set.</param>
    /// <param name="backend">The inner loops to use.</param>
    /// <param name="publicVector">t̂.</param>
    /// <param name="matrix">Â, row by row.</param>
    /// <param name="message">m, 32 secret bytes.</param>
    /// <param name="randomness">r, 32 secret bytes.</param>
    /// <param name="ciphertext">Receives c₁ ‖ c₂.</param>
    [SkipLocalsInit]
    internal static void Encrypt(
        MlKemParameters parameters,
        MlKemBackend backend,
        ReadOnlySpan<short> publicVector,
        ReadOnlySpan<short> matrix,
        ReadOnlySpan<byte> message,
        ReadOnlySpan<byte> randomness,
        Span<byte> ciphertext)
    {
        Span<short> noise = stackalloc short[((2 * RankMax) + 1) * Degree];   // y ‖ e₁ ‖ e₂
        Span<short> prepared = stackalloc short[RankMax * PolynomialArithmetic.PreparedLength];
        Span<short> product = stackalloc short[Degree];
        Span<short> plaintext = stackalloc short[Degree];
        var arithmetic = backend.Arithmetic;
        var rank = parameters.Rank;
        noise = noise[..(((2 * rank) + 1) * Degree)];
        SampleEncryptionNoise(parameters, backend, randomness, noise);
        for (var i = 0; i < rank; i++)
        {
            arithmetic.Transform(Polynomial(noise, i));
        }

        PrepareAll(arithmetic, noise, rank, prepared);
        for (var i = 0; i < rank; i++)
        {
            // Column i of Â is row i of its transpose.
            arithmetic.InnerProduct(matrix[(i * Degree)..], parameters.VectorLength, prepared, rank, product);
            arithmetic.InverseTransform(product);
            arithmetic.Add(product, Polynomial(noise, rank + i));
            arithmetic.Compress(
                product, parameters.UBits, ciphertext.Slice(i * parameters.CompressedUSize, parameters.CompressedUSize));
        }

        arithmetic.InnerProduct(publicVector, Degree, prepared, rank, product);
        arithmetic.InverseTransform(product);
        arithmetic.Add(product, Polynomial(noise, 2 * rank));
        arithmetic.FromMessage(message, plaintext);
        arithmetic.Add(product, plaintext);
        arithmetic.Compress(product, parameters.VBits, ciphertext[(rank * parameters.CompressedUSize)..]);

        Zero(noise);
        Zero(prepared);
        Zero(product);
        Zero(plaintext);
    }

    /// <summary>Decrypts (algorithm 15).</summary>
    /// <param name="parameters">The parameter set.</param>
    /// <param name="backend">The inner loops to use.</param>
    /// <param name="secretVector">ŝ.</param>
    /// <param name="ciphertext">c₁ ‖ c₂, of the right length.</param>
    /// <param name="message">Receives 32 secret bytes.</param>
    [SkipLocalsInit]
    internal static void Decrypt(
        MlKemParameters parameters,
        MlKemBackend backend,
        ReadOnlySpan<short> secretVector,
        ReadOnlySpan<byte> ciphertext,
        Span<byte> message)
    {
        Span<short> prepared = stackalloc short[RankMax * PolynomialArithmetic.PreparedLength];
        Span<short> polynomial = stackalloc short[Degree];
        Span<short> product = stackalloc short[Degree];
        var arithmetic = backend.Arithmetic;
        var rank = parameters.Rank;
        for (var i = 0; i < rank; i++)
        {
            var encoded = ciphertext.Slice(i * parameters.CompressedUSize, parameters.CompressedUSize);
            arithmetic.Decompress(encoded, parameters.UBits, polynomial);
            arithmetic.Transform(polynomial);
            arithmetic.Prepare(polynomial, Prepared(prepared, i));
        }

        arithmetic.InnerProduct(secretVector, Degree, prepared, rank, product);
        arithmetic.InverseTransform(product);
        arithmetic.Decompress(ciphertext[(rank * parameters.CompressedUSize)..], parameters.VBits, polynomial);
        arithmetic.SubtractFrom(polynomial, product);
        arithmetic.ToMessage(product, message);

        Zero(product);   // the others hold only what the ciphertext says
    }

    internal static Span<short> Polynomial(Span<short> vector, int index) => vector.Slice(index * Degree, Degree);

    private static void SampleEncryptionNoise(
        MlKemParameters parameters, MlKemBackend backend, ReadOnlySpan<byte> randomness, Span<short> noise)
    {
        const int Eta2 = 2;
        if (parameters.Eta1 == Eta2)
        {
            NoiseSampler.Sample(backend, randomness, nonce: 0, Eta2, noise);
            return;
        }

        NoiseSampler.Sample(backend, randomness, nonce: 0, parameters.Eta1, noise[..parameters.VectorLength]);
        NoiseSampler.Sample(backend, randomness, nonce: parameters.Rank, Eta2, noise[parameters.VectorLength..]);
    }

    private static void PrepareAll(PolynomialArithmetic arithmetic, Span<short> vector, int rank, Span<short> prepared)
    {
        for (var i = 0; i < rank; i++)
        {
            arithmetic.Prepare(Polynomial(vector, i), Prepared(prepared, i));
        }
    }

    private static Span<short> Prepared(Span<short> prepared, int index) =>
        prepared.Slice(index * PolynomialArithmetic.PreparedLength, PolynomialArithmetic.PreparedLength);

    private static void Zero(Span<short> scratch) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(scratch));
}

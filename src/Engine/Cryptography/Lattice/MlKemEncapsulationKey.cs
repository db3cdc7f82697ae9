using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>An ML-KEM public key: its bytes, H(ek), and when expanded t̂ and Â.</summary>
internal sealed class MlKemEncapsulationKey : KemEncapsulationKey
{
    private const int ExpandedLengthMax = (MlKemParameters.RankMax + 1) * MlKemParameters.RankMax * Field.Degree;

    private readonly MlKem _kem;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly byte[] _hash = new byte[MlKemParameters.SymmetricSize];
    private readonly short[]? _expanded;   // t̂, then Â row by row

    private MlKemEncapsulationKey(MlKem kem, ReadOnlyMemory<byte> bytes, short[]? expanded)
    {
        _kem = kem;
        _bytes = bytes;
        _expanded = expanded;
        Sha3Hash.Hash256(bytes.Span, _hash);
    }

    internal override Kem Kem => _kem;

    internal override ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Gets H(ek), 32 bytes.</summary>
    internal ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Checks length and modulus (FIPS 203 section 7.2); the bytes are kept, not copied.</summary>
    [SkipLocalsInit]
    internal static MlKemEncapsulationKey? TryImport(MlKem kem, ReadOnlyMemory<byte> bytes, KeyFootprint footprint)
    {
        var parameters = kem.Parameters;
        if (bytes.Length != parameters.EncapsulationKeySize)
        {
            return null;
        }

        Span<short> vector = stackalloc short[MlKemParameters.RankMax * Field.Degree];
        vector = vector[..parameters.VectorLength];
        if (!Decode(kem, bytes.Span, vector))
        {
            return null;
        }

        if (footprint == KeyFootprint.Compact)
        {
            return new MlKemEncapsulationKey(kem, bytes, expanded: null);
        }

        var expanded = NewExpanded(parameters);
        vector.CopyTo(expanded);
        SampleMatrix(kem, bytes.Span, expanded.AsSpan(parameters.VectorLength));
        return new MlKemEncapsulationKey(kem, bytes, expanded);
    }

    /// <summary>Wraps what key generation made; <paramref name="expanded"/> is not copied.</summary>
    internal static MlKemEncapsulationKey FromGenerated(MlKem kem, short[] expanded, ReadOnlySpan<byte> rho)
    {
        var parameters = kem.Parameters;
        var bytes = new byte[parameters.EncapsulationKeySize];
        for (var i = 0; i < parameters.Rank; i++)
        {
            kem.Backend.Arithmetic.Encode(
                KPke.Polynomial(expanded, i),
                bytes.AsSpan(i * MlKemParameters.EncodedPolynomialSize, MlKemParameters.EncodedPolynomialSize));
        }

        rho.CopyTo(bytes.AsSpan(parameters.EncodedVectorSize));
        return new MlKemEncapsulationKey(kem, bytes, expanded);
    }

    internal static short[] NewExpanded(MlKemParameters parameters) =>
        GC.AllocateUninitializedArray<short>(parameters.VectorLength + parameters.MatrixLength);

    internal override void Encapsulate(ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        CryptographyArguments.ExactLength(randomness, _kem.EncapsulationRandomnessSize, nameof(randomness));
        CryptographyArguments.ExactLength(ciphertext, _kem.CiphertextSize, nameof(ciphertext));
        CryptographyArguments.ExactLength(sharedSecret, Kem.SharedSecretSize, nameof(sharedSecret));
        Span<byte> keys = stackalloc byte[64];   // K ‖ r (algorithm 17)
        Sha3Hash.Hash512(randomness, _hash, keys);
        Encrypt(randomness, keys[32..], ciphertext);
        keys[..32].CopyTo(sharedSecret);
        CryptographicOperations.ZeroMemory(keys);
    }

    /// <summary>K-PKE.Encrypt under this key.</summary>
    internal void Encrypt(ReadOnlySpan<byte> message, ReadOnlySpan<byte> randomness, Span<byte> ciphertext)
    {
        if (_expanded is null)
        {
            EncryptExpanding(message, randomness, ciphertext);
            return;
        }

        var length = _kem.Parameters.VectorLength;
        KPke.Encrypt(
            _kem.Parameters, _kem.Backend, _expanded.AsSpan(0, length), _expanded.AsSpan(length), message, randomness, ciphertext);
    }

    [SkipLocalsInit]
    private void EncryptExpanding(ReadOnlySpan<byte> message, ReadOnlySpan<byte> randomness, Span<byte> ciphertext)
    {
        Span<short> expanded = stackalloc short[ExpandedLengthMax];
        var length = _kem.Parameters.VectorLength;
        var vector = expanded[..length];
        var matrix = expanded.Slice(length, _kem.Parameters.MatrixLength);
        Decode(_kem, _bytes.Span, vector);   // checked on import
        SampleMatrix(_kem, _bytes.Span, matrix);
        KPke.Encrypt(_kem.Parameters, _kem.Backend, vector, matrix, message, randomness, ciphertext);
    }

    private static bool Decode(MlKem kem, ReadOnlySpan<byte> bytes, Span<short> vector)
    {
        var allBelow = true;
        for (var i = 0; i < kem.Parameters.Rank; i++)
        {
            var encoded = bytes.Slice(i * MlKemParameters.EncodedPolynomialSize, MlKemParameters.EncodedPolynomialSize);
            allBelow &= kem.Backend.Arithmetic.Decode(encoded, KPke.Polynomial(vector, i));
        }

        return allBelow;
    }

    private static void SampleMatrix(MlKem kem, ReadOnlySpan<byte> bytes, Span<short> matrix) =>
        MatrixSampler.Sample(
            kem.Backend, bytes.Slice(kem.Parameters.EncodedVectorSize, MlKemParameters.SymmetricSize), kem.Parameters.Rank, matrix);
}

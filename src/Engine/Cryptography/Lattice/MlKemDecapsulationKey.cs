using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <summary>An ML-KEM private key: ŝ and z in one zeroed-on-disposal block, beside its public key.</summary>
internal sealed class MlKemDecapsulationKey : KemDecapsulationKey
{
    private readonly MlKem _kem;
    private readonly MlKemEncapsulationKey _encapsulationKey;
    private readonly SecretBytes _secret;   // ŝ as 16-bit coefficients, then z

    private MlKemDecapsulationKey(MlKem kem, MlKemEncapsulationKey encapsulationKey, SecretBytes secret)
    {
        _kem = kem;
        _encapsulationKey = encapsulationKey;
        _secret = secret;
    }

    internal override KemEncapsulationKey EncapsulationKey => _encapsulationKey;

    /// <summary>Gets the block disposal zeroes.</summary>
    internal SecretBytes Secret => _secret;

    private int SecretVectorSize => _kem.Parameters.VectorLength * sizeof(short);

    /// <summary>ML-KEM.KeyGen_internal (FIPS 203 algorithm 16).</summary>
    [SkipLocalsInit]
    internal static MlKemDecapsulationKey FromSeed(MlKem kem, ReadOnlySpan<byte> seed)
    {
        var parameters = kem.Parameters;
        Span<byte> seeds = stackalloc byte[64];   // ρ ‖ σ
        Span<byte> secret = stackalloc byte[(MlKemParameters.RankMax * Field.Degree * sizeof(short)) + 32];
        var vectorSize = parameters.VectorLength * sizeof(short);
        secret = secret[..(vectorSize + 32)];
        Sha3Hash.Hash512(seed[..32], [(byte)parameters.Rank], seeds);

        var expanded = MlKemEncapsulationKey.NewExpanded(parameters);
        var matrix = expanded.AsSpan(parameters.VectorLength);
        MatrixSampler.Sample(kem.Backend, seeds[..32], parameters.Rank, matrix);
        KPke.GenerateKey(
            parameters,
            kem.Backend,
            seeds[32..],
            matrix,
            MemoryMarshal.Cast<byte, short>(secret[..vectorSize]),
            expanded.AsSpan(0, parameters.VectorLength));
        seed[32..].CopyTo(secret[vectorSize..]);

        var key = new MlKemDecapsulationKey(
            kem, MlKemEncapsulationKey.FromGenerated(kem, expanded, seeds[..32]), SecretBytes.CopyOf(secret));
        CryptographicOperations.ZeroMemory(seeds);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>Parses dk_PKE ‖ ek ‖ H(ek) ‖ z and checks it (FIPS 203 section 7.3). Only published vectors have this form;
    /// the engine's keys are seeds.</summary>
    /// <returns>The key, or <see langword="null"/> when its length, its hash or its encapsulation key is wrong.</returns>
    [SkipLocalsInit]
    internal static MlKemDecapsulationKey? TryImportExpanded(MlKem kem, ReadOnlySpan<byte> expandedKey)
    {
        var parameters = kem.Parameters;
        if (expandedKey.Length != parameters.ExpandedDecapsulationKeySize)
        {
            return null;
        }

        var encapsulationKeyBytes = expandedKey.Slice(parameters.EncodedVectorSize, parameters.EncapsulationKeySize);
        var tail = expandedKey[(parameters.EncodedVectorSize + parameters.EncapsulationKeySize)..];
        var encapsulationKey = MlKemEncapsulationKey.TryImport(kem, encapsulationKeyBytes.ToArray(), KeyFootprint.Expanded);
        if (encapsulationKey is null || ConstantTime.DifferenceMask(encapsulationKey.Hash, tail[..32]) != 0)
        {
            return null;
        }

        Span<byte> secret = stackalloc byte[(MlKemParameters.RankMax * Field.Degree * sizeof(short)) + 32];
        var vectorSize = parameters.VectorLength * sizeof(short);
        secret = secret[..(vectorSize + 32)];
        var vector = MemoryMarshal.Cast<byte, short>(secret[..vectorSize]);
        for (var i = 0; i < parameters.Rank; i++)
        {
            var encoded = expandedKey.Slice(
                i * MlKemParameters.EncodedPolynomialSize, MlKemParameters.EncodedPolynomialSize);
            kem.Backend.Arithmetic.Decode(encoded, KPke.Polynomial(vector, i));   // section 7.3 sets no bound on ŝ
        }

        tail[32..].CopyTo(secret[vectorSize..]);
        var key = new MlKemDecapsulationKey(kem, encapsulationKey, SecretBytes.CopyOf(secret));
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>Writes dk_PKE ‖ ek ‖ H(ek) ‖ z, for comparison with published vectors. Secret; the caller zeroes it.</summary>
    internal void ExportExpanded(Span<byte> expandedKey)
    {
        var parameters = _kem.Parameters;
        CryptographyArguments.ExactLength(expandedKey, parameters.ExpandedDecapsulationKeySize, nameof(expandedKey));
        Span<short> polynomial = stackalloc short[Field.Degree];
        var secret = _secret.Reveal();
        var vector = MemoryMarshal.Cast<byte, short>(secret[..SecretVectorSize]);
        for (var i = 0; i < parameters.Rank; i++)
        {
            vector.Slice(i * Field.Degree, Field.Degree).CopyTo(polynomial);
            _kem.Backend.Arithmetic.MakeCanonical(polynomial);
            _kem.Backend.Arithmetic.Encode(
                polynomial, expandedKey.Slice(i * MlKemParameters.EncodedPolynomialSize, MlKemParameters.EncodedPolynomialSize));
        }

        var rest = expandedKey[parameters.EncodedVectorSize..];
        _encapsulationKey.Bytes.Span.CopyTo(rest);
        _encapsulationKey.Hash.CopyTo(rest[parameters.EncapsulationKeySize..]);
        secret[SecretVectorSize..].CopyTo(rest[(parameters.EncapsulationKeySize + 32)..]);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(polynomial));
    }

    internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        CryptographyArguments.ExactLength(sharedSecret, Kem.SharedSecretSize, nameof(sharedSecret));
        if (ciphertext.Length != _kem.CiphertextSize)
        {
            return false;
        }

        Decapsulate(ciphertext, sharedSecret);
        return true;
    }

    public override void Dispose() => _secret.Dispose();

    /// <summary>ML-KEM.Decaps_internal (FIPS 203 algorithm 18).</summary>
    [SkipLocalsInit]
    private void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        Span<byte> message = stackalloc byte[32];
        Span<byte> keys = stackalloc byte[64];      // K' ‖ r'
        Span<byte> rejection = stackalloc byte[32];
        Span<byte> repeated = stackalloc byte[MlKemParameters.MlKem1024.CiphertextSize];
        repeated = repeated[..ciphertext.Length];
        var secret = _secret.Reveal();

        KPke.Decrypt(
            _kem.Parameters, _kem.Backend, MemoryMarshal.Cast<byte, short>(secret[..SecretVectorSize]), ciphertext, message);
        Sha3Hash.Hash512(message, _encapsulationKey.Hash, keys);
        Sha3Hash.Shake256(secret[SecretVectorSize..], ciphertext, rejection);
        _encapsulationKey.Encrypt(message, keys[32..], repeated);
        keys[..32].CopyTo(sharedSecret);
        ConstantTime.ReplaceWhen(ConstantTime.DifferenceMask(ciphertext, repeated), sharedSecret, rejection);

        CryptographicOperations.ZeroMemory(message);
        CryptographicOperations.ZeroMemory(keys);
        CryptographicOperations.ZeroMemory(rejection);
        CryptographicOperations.ZeroMemory(repeated);
    }
}

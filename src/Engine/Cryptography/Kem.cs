using Kyberium.Engine.Cryptography.Hybrid;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Cryptography;

/// <summary>A key encapsulation mechanism of the protocol: ML-KEM alone, or ML-KEM and a NIST curve combined.</summary>
/// <remarks>
/// Instances are the static members; the algorithm is chosen by object, never by string. All sizes are bytes.
/// Sources: FIPS 203 (ML-KEM); draft-irtf-cfrg-concrete-hybrid-kems (MLKEM768-P256, MLKEM1024-P384).
/// </remarks>
internal abstract class Kem
{
    /// <summary>Every mechanism's shared secret is 32 bytes.</summary>
    internal const int SharedSecretSize = 32;

    internal static Kem MlKem512 { get; } = new MlKem(MlKemParameters.MlKem512, MlKemBackend.Best);

    internal static Kem MlKem768 { get; } = new MlKem(MlKemParameters.MlKem768, MlKemBackend.Best);

    internal static Kem MlKem1024 { get; } = new MlKem(MlKemParameters.MlKem1024, MlKemBackend.Best);

    internal static Kem MlKem768P256 { get; } = new HybridKem(
        "MLKEM768P256", "MLKEM768-P256", (MlKem)MlKem768, NistCurve.P256);

    internal static Kem MlKem1024P384 { get; } = new HybridKem(
        "MLKEM1024P384", "MLKEM1024-P384", (MlKem)MlKem1024, NistCurve.P384);

    /// <summary>Gets the name as it stands in a Noise protocol name, e.g. <c>MLKEM768P256</c>.</summary>
    internal abstract string NoiseName { get; }

    /// <summary>Gets the size of the seed a decapsulation key is kept as: 64 for ML-KEM (d ‖ z), 32 for a hybrid.</summary>
    internal abstract int SeedSize { get; }

    /// <summary>Gets the size of an encapsulation key.</summary>
    internal abstract int EncapsulationKeySize { get; }

    /// <summary>Gets the size of a ciphertext.</summary>
    internal abstract int CiphertextSize { get; }

    /// <summary>Gets the size of the randomness one encapsulation consumes: 32 for ML-KEM (m), 32 + Nseed for a hybrid.</summary>
    internal abstract int EncapsulationRandomnessSize { get; }

    /// <summary>Expands a seed into a key pair. The seed is copied; the caller zeroes its own.</summary>
    /// <exception cref="ArgumentException">The seed's length is not <see cref="SeedSize"/>.</exception>
    internal abstract KemDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed);

    /// <summary>Parses and checks an encapsulation key a peer sent.</summary>
    /// <returns>The key, or <see langword="null"/> when its length, its coefficients (FIPS 203 section 7.2) or its
    /// curve point is wrong.</returns>
    internal KemEncapsulationKey? TryImportEncapsulationKey(ReadOnlySpan<byte> encapsulationKey) =>
        TryImportEncapsulationKey(encapsulationKey.ToArray(), KeyFootprint.Expanded);

    /// <summary>The same for bytes that are kept, not copied, and never written again; says what the key object keeps beside them.</summary>
    internal abstract KemEncapsulationKey? TryImportEncapsulationKey(ReadOnlyMemory<byte> encapsulationKey, KeyFootprint footprint);
}

/// <summary>A checked public key of a <see cref="Kem"/>. Immutable, thread-safe.</summary>
internal abstract class KemEncapsulationKey
{
    internal abstract Kem Kem { get; }

    /// <summary>Gets the key's bytes, exactly <see cref="Kem.EncapsulationKeySize"/>.</summary>
    internal abstract ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Encapsulates deterministically.</summary>
    /// <param name="randomness">Exactly <see cref="Kem.EncapsulationRandomnessSize"/> bytes, uniform, secret, used once.</param>
    /// <param name="ciphertext">Receives exactly <see cref="Kem.CiphertextSize"/> bytes.</param>
    /// <param name="sharedSecret">Receives 32 secret bytes; the caller zeroes them.</param>
    internal abstract void Encapsulate(ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret);
}

/// <summary>A private key of a <see cref="Kem"/>. Thread-safe until disposed; disposal zeroes it.</summary>
internal abstract class KemDecapsulationKey : IDisposable
{
    internal abstract KemEncapsulationKey EncapsulationKey { get; }

    /// <summary>Decapsulates.</summary>
    /// <returns><see langword="false"/> when the ciphertext's length or its curve point is wrong; an ML-KEM ciphertext
    /// that was tampered with gives <see langword="true"/> and an unrelated secret (implicit rejection).</returns>
    internal abstract bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);

    public abstract void Dispose();
}

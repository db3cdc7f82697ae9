using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;
using PlatformKey = System.Security.Cryptography.MLKem;

namespace Kyberium.Engine.Cryptography;

/// <summary>ML-KEM whose private keys live in the platform's implementation, for those whose policy asks for it.</summary>
/// <remarks>
/// The platform draws the randomness of an encapsulation itself; the protocol needs it as a value, so public-key
/// operations stay with this engine's implementation.
/// </remarks>
internal sealed class PlatformMlKem : Kem
{
    private readonly MlKem _managed;
    private readonly MLKemAlgorithm _algorithm;

    private PlatformMlKem(MlKem managed, MLKemAlgorithm algorithm)
    {
        _managed = managed;
        _algorithm = algorithm;
    }

    internal override string NoiseName => _managed.NoiseName;

    internal override int SeedSize => _managed.SeedSize;

    internal override int EncapsulationKeySize => _managed.EncapsulationKeySize;

    internal override int CiphertextSize => _managed.CiphertextSize;

    internal override int EncapsulationRandomnessSize => _managed.EncapsulationRandomnessSize;

    /// <summary>Wraps one of the pure ML-KEM mechanisms.</summary>
    /// <exception cref="PlatformKemUnavailableException">The platform has no ML-KEM.</exception>
    internal static PlatformMlKem Over(MlKem managed)
    {
        if (!PlatformKey.IsSupported)
        {
            throw new PlatformKemUnavailableException();
        }

        var algorithm = managed.Parameters.Rank switch
        {
            2 => MLKemAlgorithm.MLKem512,
            3 => MLKemAlgorithm.MLKem768,
            _ => MLKemAlgorithm.MLKem1024,
        };
        return new PlatformMlKem(managed, algorithm);
    }

    internal override KemDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed)
    {
        CryptographyArguments.ExactLength(seed, SeedSize, nameof(seed));
        return new DecapsulationKey(this, PlatformKey.ImportPrivateSeed(_algorithm, seed));
    }

    internal override KemEncapsulationKey? TryImportEncapsulationKey(ReadOnlySpan<byte> encapsulationKey) =>
        _managed.TryImportEncapsulationKey(encapsulationKey);

    internal override KemEncapsulationKey? TryImportEncapsulationKey(
        ReadOnlySpan<byte> encapsulationKey, KeyFootprint footprint) =>
        _managed.TryImportEncapsulationKey(encapsulationKey, footprint);

    private sealed class DecapsulationKey : KemDecapsulationKey
    {
        private readonly int _ciphertextSize;
        private readonly PlatformKey _key;
        private readonly Lock _turn = new();   // the platform does not promise thread safety

        internal DecapsulationKey(PlatformMlKem kem, PlatformKey key)
        {
            _ciphertextSize = kem.CiphertextSize;
            _key = key;
            EncapsulationKey = kem.TryImportEncapsulationKey(key.ExportEncapsulationKey(), KeyFootprint.Compact)
                ?? throw Diagnostics.Invariant.Violated("the platform makes valid ML-KEM keys");
        }

        internal override KemEncapsulationKey EncapsulationKey { get; }

        internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            CryptographyArguments.ExactLength(sharedSecret, Kem.SharedSecretSize, nameof(sharedSecret));
            if (ciphertext.Length != _ciphertextSize)
            {
                return false;
            }

            lock (_turn)
            {
                _key.Decapsulate(ciphertext, sharedSecret);
            }

            return true;
        }

        public override void Dispose() => _key.Dispose();
    }
}

/// <summary>The platform's ML-KEM was asked for and is missing; the engine reports it under its own code.</summary>
internal sealed class PlatformKemUnavailableException() : Exception(
    "This platform has no ML-KEM (it needs OpenSSL 3.5 or a recent Windows); remove the setting that asks for it, and the "
    + "engine uses its own.");

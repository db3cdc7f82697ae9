using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Cryptography;

/// <summary>ML-KEM whose private keys live in the platform's implementation, for those whose policy asks for it.</summary>
/// <remarks>
/// The platform draws the randomness of an encapsulation itself; the protocol needs it as a value, so public-key
/// operations stay with this engine's implementation.
/// </remarks>
internal sealed class PlatformMlKem : Kem
{
    private readonly MlKem _managed;
    private readonly PlatformLattice _platform;

    private PlatformMlKem(MlKem managed, PlatformLattice platform)
    {
        _managed = managed;
        _platform = platform;
    }

    internal override string NoiseName => _managed.NoiseName;

    internal override int SeedSize => _managed.SeedSize;

    internal override int EncapsulationKeySize => _managed.EncapsulationKeySize;

    internal override int CiphertextSize => _managed.CiphertextSize;

    internal override int EncapsulationRandomnessSize => _managed.EncapsulationRandomnessSize;

    /// <summary>Wraps one of the pure ML-KEM mechanisms.</summary>
    /// <exception cref="PlatformKemUnavailableException">The platform has no ML-KEM.</exception>
    internal static PlatformMlKem Over(MlKem managed, PlatformLattice platform) =>
        platform.IsSupported ? new PlatformMlKem(managed, platform) : throw new PlatformKemUnavailableException();

    internal override KemDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed)
    {
        CryptographyArguments.ExactLength(seed, SeedSize, nameof(seed));
        return new DecapsulationKey(this, _platform.ImportSeed(_managed.Parameters, seed));
    }

    internal override KemEncapsulationKey? TryImportEncapsulationKey(
        ReadOnlyMemory<byte> encapsulationKey, KeyFootprint footprint) =>
        _managed.TryImportEncapsulationKey(encapsulationKey, footprint);

    private sealed class DecapsulationKey : KemDecapsulationKey
    {
        private readonly int _ciphertextSize;
        private readonly PlatformLatticeKey _key;
        private readonly Lock _turn = new();   // the platform does not promise thread safety

        internal DecapsulationKey(PlatformMlKem kem, PlatformLatticeKey key)
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
    "this platform has no ML-KEM (it needs OpenSSL 3.5 or a recent Windows); remove the setting that asks for it, and the "
    + "engine uses its own");

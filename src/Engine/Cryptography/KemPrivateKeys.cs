using Kyberium.Engine.Cryptography.Hybrid;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Cryptography;

/// <summary>Makes the private keys of an engine: by its own code, or with the ML-KEM part in the platform's hands.</summary>
/// <remarks>Either gives the same public keys and opens the same ciphertexts; an engine uses one of them throughout.</remarks>
internal abstract class KemPrivateKeys
{
    internal static KemPrivateKeys Managed { get; } = new ManagedKeys();

    /// <summary>Expands a seed of <see cref="Kem.SeedSize"/> bytes, which is copied.</summary>
    internal abstract KemDecapsulationKey ImportSeed(Kem kem, ReadOnlySpan<byte> seed);

    /// <exception cref="PlatformKemUnavailableException">The platform has no ML-KEM.</exception>
    internal static KemPrivateKeys Of(PlatformLattice platform) => new PlatformKeys(platform);

    private sealed class ManagedKeys : KemPrivateKeys
    {
        internal override KemDecapsulationKey ImportSeed(Kem kem, ReadOnlySpan<byte> seed) => kem.ImportSeed(seed);
    }

    private sealed class PlatformKeys(PlatformLattice platform) : KemPrivateKeys
    {
        private readonly Dictionary<Kem, PlatformMlKem> _kems = new[] { Kem.MlKem512, Kem.MlKem768, Kem.MlKem1024 }
            .ToDictionary(kem => kem, kem => PlatformMlKem.Over((MlKem)kem, platform));

        internal override KemDecapsulationKey ImportSeed(Kem kem, ReadOnlySpan<byte> seed) => kem is HybridKem hybrid
            ? hybrid.ImportSeed(seed, _kems[hybrid.Lattice])
            : _kems[kem].ImportSeed(seed);
    }
}

using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;
using PlatformKey = System.Security.Cryptography.MLKem;

namespace Kyberium.Engine.Cryptography;

/// <summary>The platform's ML-KEM as far as it is used here: private keys, made from their seeds.</summary>
internal abstract class PlatformLattice
{
    /// <summary>Gets the one of this machine: OpenSSL 3.5 or later, or a recent Windows.</summary>
    internal static PlatformLattice System { get; } = new SystemLattice();

    internal abstract bool IsSupported { get; }

    /// <summary>Makes a private key from its 64-byte seed, which is copied.</summary>
    internal abstract PlatformLatticeKey ImportSeed(MlKemParameters parameters, ReadOnlySpan<byte> seed);

    private sealed class SystemLattice : PlatformLattice
    {
        internal override bool IsSupported => PlatformKey.IsSupported;

        internal override PlatformLatticeKey ImportSeed(MlKemParameters parameters, ReadOnlySpan<byte> seed) => new SystemKey(
            PlatformKey.ImportPrivateSeed(
                parameters.Rank switch
                {
                    2 => MLKemAlgorithm.MLKem512,
                    3 => MLKemAlgorithm.MLKem768,
                    _ => MLKemAlgorithm.MLKem1024,
                },
                seed));
    }

    private sealed class SystemKey(PlatformKey key) : PlatformLatticeKey
    {
        internal override byte[] ExportEncapsulationKey() => key.ExportEncapsulationKey();

        internal override void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) =>
            key.Decapsulate(ciphertext, sharedSecret);

        public override void Dispose() => key.Dispose();
    }
}

/// <summary>A private key that the platform holds. One caller at a time: the platform promises no more.</summary>
internal abstract class PlatformLatticeKey : IDisposable
{
    internal abstract byte[] ExportEncapsulationKey();

    /// <param name="ciphertext">Of the right length.</param>
    /// <param name="sharedSecret">Receives 32 secret bytes.</param>
    internal abstract void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);

    public abstract void Dispose();
}

using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Cryptography.Lattice;
using Kyberium.Engine.Cryptography.Sha3;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>ML-KEM and a NIST curve combined so that either one holding is enough.</summary>
/// <remarks>
/// draft-irtf-cfrg-hybrid-kems (construction CG) with the instances of draft-irtf-cfrg-concrete-hybrid-kems:
/// <c>ss = SHA3-256(ss_PQ ‖ ss_T ‖ ct_T ‖ ek_T ‖ label)</c>.
/// The platform multiplies points, so encapsulation and decapsulation allocate its key objects.
/// </remarks>
internal sealed class HybridKem : Kem
{
    private const int HybridSeedSize = 32;

    private readonly byte[] _label;

    internal HybridKem(string noiseName, string label, MlKem lattice, NistCurve curve)
    {
        NoiseName = noiseName;
        _label = Encoding.ASCII.GetBytes(label);
        Lattice = lattice;
        Curve = curve;
    }

    internal override string NoiseName { get; }

    internal override int SeedSize => HybridSeedSize;

    internal override int EncapsulationKeySize => Lattice.EncapsulationKeySize + Curve.PointSize;

    internal override int CiphertextSize => Lattice.CiphertextSize + Curve.PointSize;

    internal override int EncapsulationRandomnessSize => Lattice.EncapsulationRandomnessSize + Curve.SeedSize;

    internal MlKem Lattice { get; }

    internal NistCurve Curve { get; }

    internal override KemDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed) => ImportSeed(seed, Lattice);

    /// <summary>As the other, with the ML-KEM key made by another implementation of <see cref="Lattice"/>.</summary>
    internal HybridDecapsulationKey ImportSeed(ReadOnlySpan<byte> seed, Kem lattice)
    {
        CryptographyArguments.ExactLength(seed, SeedSize, nameof(seed));
        Span<byte> seeds = stackalloc byte[MlKemParameters.SeedSize + Curve.SeedSize];
        Sha3Hash.Shake256(seed, default, seeds);
        try
        {
            return new HybridDecapsulationKey(
                this,
                lattice.ImportSeed(seeds[..MlKemParameters.SeedSize]),
                CurvePrivateKey.FromSeed(Curve, seeds[MlKemParameters.SeedSize..]));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seeds);
        }
    }

    internal override KemEncapsulationKey? TryImportEncapsulationKey(
        ReadOnlyMemory<byte> encapsulationKey, KeyFootprint footprint) =>
        HybridEncapsulationKey.TryImport(this, encapsulationKey, footprint);

    /// <summary>The combiner. Both shared secrets are secret; the points are public.</summary>
    internal void Combine(
        ReadOnlySpan<byte> latticeSecret,
        ReadOnlySpan<byte> sharedX,
        ReadOnlySpan<byte> ciphertextPoint,
        ReadOnlySpan<byte> keyPoint,
        Span<byte> sharedSecret)
    {
        var sponge = Sponge.Sha3For256();
        sponge.Absorb(latticeSecret);
        sponge.Absorb(sharedX);
        sponge.Absorb(ciphertextPoint);
        sponge.Absorb(keyPoint);
        sponge.Absorb(_label);
        sponge.Squeeze(sharedSecret);
        sponge.Clear();
    }
}

using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>A hybrid public key, <c>ek_PQ ‖ point</c>, both parts checked.</summary>
internal sealed class HybridEncapsulationKey : KemEncapsulationKey
{
    private readonly HybridKem _kem;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly MlKemEncapsulationKey _lattice;
    private readonly CurvePublicKey _curve;

    private HybridEncapsulationKey(HybridKem kem, ReadOnlyMemory<byte> bytes, MlKemEncapsulationKey lattice, CurvePublicKey curve)
    {
        _kem = kem;
        _bytes = bytes;
        _lattice = lattice;
        _curve = curve;
    }

    internal override Kem Kem => _kem;

    internal override ReadOnlyMemory<byte> Bytes => _bytes;

    internal ReadOnlySpan<byte> Point => _curve.Point;

    /// <summary>Checks both parts; the bytes are kept, not copied.</summary>
    internal static HybridEncapsulationKey? TryImport(HybridKem kem, ReadOnlyMemory<byte> bytes, KeyFootprint footprint)
    {
        if (bytes.Length != kem.EncapsulationKeySize)
        {
            return null;
        }

        var latticeSize = kem.Lattice.EncapsulationKeySize;
        var curve = CurvePublicKey.TryImport(kem.Curve, bytes[latticeSize..], footprint);
        var lattice = MlKemEncapsulationKey.TryImport(kem.Lattice, bytes[..latticeSize], footprint);
        return curve is null || lattice is null ? null : new HybridEncapsulationKey(kem, bytes, lattice, curve);
    }

    /// <summary>Joins the public halves of a key pair just made.</summary>
    internal static HybridEncapsulationKey FromParts(HybridKem kem, MlKemEncapsulationKey lattice, ReadOnlySpan<byte> point)
    {
        byte[] bytes = [.. lattice.Bytes.Span, .. point];
        var curve = CurvePublicKey.TryImport(kem.Curve, bytes.AsMemory(lattice.Bytes.Length), KeyFootprint.Expanded);
        Diagnostics.Invariant.Holds(curve is not null, "the platform makes points of the curve");
        return new HybridEncapsulationKey(kem, bytes, lattice, curve);
    }

    internal override void Encapsulate(ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        CryptographyArguments.ExactLength(randomness, _kem.EncapsulationRandomnessSize, nameof(randomness));
        CryptographyArguments.ExactLength(ciphertext, _kem.CiphertextSize, nameof(ciphertext));
        CryptographyArguments.ExactLength(sharedSecret, Kem.SharedSecretSize, nameof(sharedSecret));
        var latticeRandomnessSize = _kem.Lattice.EncapsulationRandomnessSize;
        var latticeCiphertextSize = _kem.Lattice.CiphertextSize;
        Span<byte> latticeSecret = stackalloc byte[Kem.SharedSecretSize];
        Span<byte> sharedX = stackalloc byte[_kem.Curve.CoordinateSize];
        using var ephemeral = CurvePrivateKey.FromSeed(_kem.Curve, randomness[latticeRandomnessSize..]);
        try
        {
            ephemeral.Agree(_curve, sharedX);
            _lattice.Encapsulate(
                randomness[..latticeRandomnessSize], ciphertext[..latticeCiphertextSize], latticeSecret);
            ephemeral.Point.CopyTo(ciphertext[latticeCiphertextSize..]);
            _kem.Combine(latticeSecret, sharedX, ephemeral.Point, Point, sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(latticeSecret);
            CryptographicOperations.ZeroMemory(sharedX);
        }
    }
}

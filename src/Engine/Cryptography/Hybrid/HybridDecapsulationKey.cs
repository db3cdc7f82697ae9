using System.Security.Cryptography;
using Kyberium.Engine.Cryptography.Lattice;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>A hybrid private key: an ML-KEM key and a scalar, both zeroed on disposal.</summary>
internal sealed class HybridDecapsulationKey : KemDecapsulationKey
{
    private readonly HybridKem _kem;
    private readonly HybridEncapsulationKey _encapsulationKey;

    /// <summary>Takes ownership of both parts.</summary>
    internal HybridDecapsulationKey(HybridKem kem, KemDecapsulationKey lattice, CurvePrivateKey curve)
    {
        _kem = kem;
        Lattice = lattice;
        Curve = curve;
        _encapsulationKey =
            HybridEncapsulationKey.FromParts(kem, (MlKemEncapsulationKey)lattice.EncapsulationKey, curve.Point);
    }

    internal override KemEncapsulationKey EncapsulationKey => _encapsulationKey;

    internal KemDecapsulationKey Lattice { get; }

    internal CurvePrivateKey Curve { get; }

    internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        CryptographyArguments.ExactLength(sharedSecret, Kem.SharedSecretSize, nameof(sharedSecret));
        if (ciphertext.Length != _kem.CiphertextSize)
        {
            return false;
        }

        var point = ciphertext[_kem.Lattice.CiphertextSize..].ToArray();
        using var ephemeral = CurvePublicKey.TryImport(_kem.Curve, point, KeyFootprint.Compact);
        if (ephemeral is null)
        {
            return false;
        }

        Span<byte> latticeSecret = stackalloc byte[Kem.SharedSecretSize];
        Span<byte> sharedX = stackalloc byte[_kem.Curve.CoordinateSize];
        try
        {
            Curve.Agree(ephemeral, sharedX);
            if (!Lattice.TryDecapsulate(ciphertext[.._kem.Lattice.CiphertextSize], latticeSecret))
            {
                return false;
            }

            _kem.Combine(latticeSecret, sharedX, point, _encapsulationKey.Point, sharedSecret);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(latticeSecret);
            CryptographicOperations.ZeroMemory(sharedX);
        }
    }

    public override void Dispose()
    {
        Lattice.Dispose();
        Curve.Dispose();
    }
}

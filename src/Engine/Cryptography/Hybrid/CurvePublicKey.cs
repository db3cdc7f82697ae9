using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>A checked point of a curve. Thread-safe.</summary>
internal sealed class CurvePublicKey : IDisposable
{
    private readonly NistCurve _curve;
    private readonly ReadOnlyMemory<byte> _point;
    private readonly IdleSlot<ECDiffieHellmanPublicKey>? _imported;

    private CurvePublicKey(NistCurve curve, ReadOnlyMemory<byte> point, KeyFootprint footprint)
    {
        _curve = curve;
        _point = point;
        _imported = footprint == KeyFootprint.Expanded ? new IdleSlot<ECDiffieHellmanPublicKey>() : null;
    }

    internal ReadOnlySpan<byte> Point => _point.Span;

    /// <summary>Checks the point; its bytes are kept, not copied.</summary>
    internal static CurvePublicKey? TryImport(NistCurve curve, ReadOnlyMemory<byte> point, KeyFootprint footprint) =>
        curve.IsPoint(point.Span) ? new CurvePublicKey(curve, point, footprint) : null;

    /// <summary>Gives the X coordinate of scalar × this point.</summary>
    /// <param name="privateKey">The platform's key for the scalar.</param>
    /// <param name="sharedX">Receives <see cref="NistCurve.CoordinateSize"/> secret bytes.</param>
    internal void Agree(ECDiffieHellman privateKey, Span<byte> sharedX)
    {
        var imported = _imported?.Take() ?? Import();
        byte[]? agreed = null;
        try
        {
            agreed = privateKey.DeriveRawSecretAgreement(imported);
            agreed.CopyTo(sharedX);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(agreed);
            if (_imported is null)
            {
                imported.Dispose();
            }
            else
            {
                _imported.Return(imported);
            }
        }
    }

    public void Dispose() => _imported?.Dispose();

    private ECDiffieHellmanPublicKey Import()
    {
        using var platform = ECDiffieHellman.Create(new ECParameters { Curve = _curve.Curve, Q = _curve.ToPoint(Point) });
        return platform.PublicKey;
    }
}

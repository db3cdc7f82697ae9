using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>A scalar of a curve and its point. Thread-safe until disposed; disposal zeroes the scalar.</summary>
internal sealed class CurvePrivateKey : IDisposable
{
    private readonly NistCurve _curve;
    private readonly SecretBytes _scalar;
    private readonly IdleSlot<ECDiffieHellman> _imported = new();
    private readonly byte[] _point;

    private CurvePrivateKey(NistCurve curve, SecretBytes scalar, byte[] point)
    {
        _curve = curve;
        _scalar = scalar;
        _point = point;
    }

    internal ReadOnlySpan<byte> Point => _point;

    internal SecretBytes Scalar => _scalar;

    /// <summary>Chooses the scalar from a seed of <see cref="NistCurve.SeedSize"/> bytes.</summary>
    /// <exception cref="ArgumentException">The seed is not random, see <see cref="NistCurve.ChooseScalar"/>.</exception>
    internal static CurvePrivateKey FromSeed(NistCurve curve, ReadOnlySpan<byte> seed)
    {
        Span<byte> scalar = stackalloc byte[curve.CoordinateSize];
        curve.ChooseScalar(seed, scalar);
        var key = FromScalar(curve, scalar);
        CryptographicOperations.ZeroMemory(scalar);
        return key;
    }

    /// <summary>Takes a scalar in [1, order), big-endian; it is copied.</summary>
    internal static CurvePrivateKey FromScalar(NistCurve curve, ReadOnlySpan<byte> scalar)
    {
        var platform = Import(curve, scalar);
        var point = new byte[curve.PointSize];
        curve.WritePoint(platform.ExportParameters(includePrivateParameters: false).Q, point);
        var key = new CurvePrivateKey(curve, SecretBytes.CopyOf(scalar), point);
        key._imported.Return(platform);
        return key;
    }

    /// <summary>Gives the X coordinate of this scalar × <paramref name="peer"/>.</summary>
    internal void Agree(CurvePublicKey peer, Span<byte> sharedX)
    {
        var platform = _imported.Take() ?? Import(_curve, _scalar.Reveal());
        try
        {
            peer.Agree(platform, sharedX);
        }
        finally
        {
            _imported.Return(platform);
        }
    }

    public void Dispose()
    {
        _imported.Dispose();
        _scalar.Dispose();
    }

    private static ECDiffieHellman Import(NistCurve curve, ReadOnlySpan<byte> scalar)
    {
        var copy = GC.AllocateUninitializedArray<byte>(scalar.Length, pinned: true);
        scalar.CopyTo(copy);
        try
        {
            return ECDiffieHellman.Create(new ECParameters { Curve = curve.Curve, D = copy });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }
}

using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>A prime curve of SP 800-186 with a = −3, as far as a hybrid KEM needs it. Points are <c>04 ‖ X ‖ Y</c>.</summary>
internal sealed class NistCurve
{
    private const byte UncompressedPrefix = 4;

    private readonly BigInteger _prime;
    private readonly BigInteger _b;
    private readonly byte[] _order;

    private NistCurve(ECCurve curve, int coordinateSize, int seedSize, string prime, string b, string order)
    {
        Curve = curve;
        CoordinateSize = coordinateSize;
        SeedSize = seedSize;
        _prime = Parse(prime);
        _b = Parse(b);
        _order = Convert.FromHexString(order);
    }

    internal static NistCurve P256 { get; } = new(
        ECCurve.NamedCurves.nistP256,
        coordinateSize: 32,
        seedSize: 128,
        prime: "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        b: "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        order: "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    internal static NistCurve P384 { get; } = new(
        ECCurve.NamedCurves.nistP384,
        coordinateSize: 48,
        seedSize: 48,
        prime: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
            + "FFFFFFFF0000000000000000FFFFFFFF",
        b: "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875A"
            + "C656398D8A2ED19D2A85C8EDD3EC2AEF",
        order: "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
            + "581A0DB248B0A77AECEC196ACCC52973");

    internal ECCurve Curve { get; }

    /// <summary>Gets the size of a coordinate, of a scalar and of the shared X coordinate.</summary>
    internal int CoordinateSize { get; }

    /// <summary>Gets Nseed: how many bytes a scalar is chosen from.</summary>
    internal int SeedSize { get; }

    /// <summary>Gets the size of an uncompressed point.</summary>
    internal int PointSize => 1 + (2 * CoordinateSize);

    /// <summary>Takes the first big-endian chunk in [1, order) as the scalar.</summary>
    /// <param name="seed"><see cref="SeedSize"/> secret bytes.</param>
    /// <param name="scalar">Receives <see cref="CoordinateSize"/> secret bytes.</param>
    /// <exception cref="ArgumentException">No chunk is in range: below 2^-128 for uniform bytes, so these were not.</exception>
    internal void ChooseScalar(ReadOnlySpan<byte> seed, Span<byte> scalar)
    {
        for (var at = 0; at + CoordinateSize <= seed.Length; at += CoordinateSize)
        {
            var chunk = seed.Slice(at, CoordinateSize);
            if (IsScalar(chunk))   // tells only about chunks that are then thrown away
            {
                chunk.CopyTo(scalar);
                return;
            }
        }

        throw new ArgumentException("The seed holds no scalar of the curve; seeds must be uniformly random.", nameof(seed));
    }

    /// <summary>Says whether the bytes are an uncompressed point of the curve: form, coordinate range, equation.</summary>
    internal bool IsPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PointSize || point[0] != UncompressedPrefix)
        {
            return false;
        }

        var x = new BigInteger(point.Slice(1, CoordinateSize), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(point[(1 + CoordinateSize)..], isUnsigned: true, isBigEndian: true);
        return x < _prime && y < _prime && ((y * y) - (((x * x) - 3) * x) - _b) % _prime == BigInteger.Zero;
    }

    internal ECPoint ToPoint(ReadOnlySpan<byte> point) => new()
    {
        X = point.Slice(1, CoordinateSize).ToArray(),
        Y = point.Slice(1 + CoordinateSize, CoordinateSize).ToArray(),
    };

    internal void WritePoint(in ECPoint source, Span<byte> point)
    {
        point[0] = UncompressedPrefix;
        source.X.CopyTo(point[1..]);
        source.Y.CopyTo(point[(1 + CoordinateSize)..]);
    }

    // In [1, order), by subtracting the whole order with borrow: no early exit.
    private bool IsScalar(ReadOnlySpan<byte> chunk)
    {
        int borrow = 0, any = 0;
        for (var i = chunk.Length - 1; i >= 0; i--)
        {
            borrow = ((chunk[i] - _order[i] - borrow) >> 8) & 1;
            any |= chunk[i];
        }

        return borrow == 1 & any != 0;
    }

    private static BigInteger Parse(string hex) =>
        BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.Hybrid;

namespace Kyberium.Engine.Tests.Cryptography.Hybrid;

/// <summary>Points and scalars of the curves. Wycheproof's P-256 file holds 330 agreements and 25 encodings to refuse.</summary>
public sealed class NistCurveTests
{
    private const string OrderP256 = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    private const string OrderP256MinusOne = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550";
    private const string Zero = "0000000000000000000000000000000000000000000000000000000000000000";
    private const string Ones = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

    [Fact]
    public void Wycheproof_agreements_match_and_bad_points_are_refused()
    {
        int agreed = 0, refused = 0;
        foreach (var test in VectorJson.Load("wycheproof/ecdh_secp256r1_ecpoint_test.json").Groups().SelectMany(g => g.Tests()))
        {
            var name = $"tcId {test.Number("tcId")}: {test.Text("comment")}";
            using var peer = CurvePublicKey.TryImport(NistCurve.P256, test.Hex("public"), KeyFootprint.Expanded);
            if (test.Text("result") != "valid")   // "acceptable" is a compressed point, which the protocol does not use
            {
                Assert.True(peer is null, name);
                refused++;
                continue;
            }

            Assert.True(peer is not null, name);
            using var key = CurvePrivateKey.FromScalar(NistCurve.P256, test.Hex("private"));
            var shared = new byte[32];
            key.Agree(peer, shared);
            VectorJson.AssertBytes(name, test.Hex("shared"), shared);
            agreed++;
        }

        Assert.Equal((330, 25), (agreed, refused));
    }

    [Theory]
    [InlineData(OrderP256, OrderP256MinusOne)]
    [InlineData(Zero, OrderP256MinusOne)]
    [InlineData(Ones, OrderP256MinusOne)]
    [InlineData(OrderP256MinusOne, OrderP256MinusOne)]
    public void The_first_chunk_in_range_becomes_the_scalar(string first, string chosen)
    {
        var seed = Convert.FromHexString(first + OrderP256MinusOne + Zero + Zero);
        var scalar = new byte[32];
        NistCurve.P256.ChooseScalar(seed, scalar);
        Assert.Equal(chosen, Convert.ToHexString(scalar));
    }

    [Fact]
    public void A_seed_without_a_scalar_is_a_callers_bug()
    {
        var seed = Convert.FromHexString(OrderP256 + Zero + Ones + OrderP256);
        Assert.Throws<ArgumentException>(() => NistCurve.P256.ChooseScalar(seed, new byte[32]));
    }

    public static TheoryData<string> CurveNames => ["P-256", "P-384"];

    [Theory, MemberData(nameof(CurveNames))]
    public void Points_with_any_flipped_bit_or_length_are_refused(string name)
    {
        var curve = name == "P-256" ? NistCurve.P256 : NistCurve.P384;
        using var key = CurvePrivateKey.FromSeed(curve, RandomNumberGenerator.GetBytes(curve.SeedSize));
        var point = key.Point.ToArray();
        Assert.True(curve.IsPoint(point));
        Assert.False(curve.IsPoint(point.AsSpan(1)));
        Assert.False(curve.IsPoint([.. point, 0]));
        for (var bit = 0; bit < point.Length * 8; bit++)
        {
            point[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(curve.IsPoint(point), $"{name} bit {bit} of {Convert.ToHexString(point)}");
            point[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory, MemberData(nameof(CurveNames))]
    public void Coordinates_are_below_the_prime(string name)
    {
        // (0, y) with x written as the prime itself satisfies the equation, so only the range check refuses it.
        var curve = name == "P-256" ? NistCurve.P256 : NistCurve.P384;
        var point = new byte[curve.PointSize];
        point[0] = 4;
        var prime = name == "P-256"
            ? "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
            : "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF";
        var y = name == "P-256"
            ? "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4"
            : SquareRootOfB384();
        Convert.FromHexString(y).CopyTo(point, 1 + curve.CoordinateSize);
        Assert.True(curve.IsPoint(point));
        Convert.FromHexString(prime).CopyTo(point, 1);
        Assert.False(curve.IsPoint(point));
    }

    // p = 3 modulo 4, so a square root of b is b^((p+1)/4).
    private static string SquareRootOfB384()
    {
        var p = System.Numerics.BigInteger.Pow(2, 384) - System.Numerics.BigInteger.Pow(2, 128)
            - System.Numerics.BigInteger.Pow(2, 96) + System.Numerics.BigInteger.Pow(2, 32) - 1;
        var b = System.Numerics.BigInteger.Parse(
            "0B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
            System.Globalization.NumberStyles.HexNumber,
            System.Globalization.CultureInfo.InvariantCulture);
        var root = System.Numerics.BigInteger.ModPow(b, (p + 1) / 4, p);
        return Convert.ToHexString(root.ToByteArray(isUnsigned: true, isBigEndian: true)).PadLeft(96, '0');
    }
}

using System.Numerics;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>X25519 for published Noise vectors only: RFC 7748 section 5, plain big integers, not constant time.</summary>
internal static class TestX25519
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;

    internal static byte[] PublicKey(byte[] scalar)
    {
        var basePoint = new byte[32];
        basePoint[0] = 9;
        return Multiply(scalar, basePoint);
    }

    internal static byte[] Multiply(byte[] scalar, byte[] point)
    {
        var clamped = (byte[])scalar.Clone();
        clamped[0] &= 248;
        clamped[31] = (byte)((clamped[31] & 127) | 64);
        var masked = (byte[])point.Clone();
        masked[31] &= 127;
        var k = new BigInteger(clamped, isUnsigned: true);
        var x1 = new BigInteger(masked, isUnsigned: true);
        BigInteger x2 = 1, z2 = 0, x3 = x1, z3 = 1;
        for (var t = 254; t >= 0; t--)
        {
            var bit = !((k >> t) & 1).IsZero;
            if (bit)
            {
                (x2, x3, z2, z3) = (x3, x2, z3, z2);
            }

            BigInteger a = Mod(x2 + z2), b = Mod(x2 - z2), aa = Mod(a * a), bb = Mod(b * b), e = Mod(aa - bb);
            BigInteger da = Mod((x3 - z3) * a), cb = Mod((x3 + z3) * b);
            x3 = BigInteger.ModPow(da + cb, 2, P);
            z3 = Mod(x1 * BigInteger.ModPow(Mod(da - cb), 2, P));
            x2 = Mod(aa * bb);
            z2 = Mod(e * (aa + (121665 * e)));
            if (bit)
            {
                (x2, x3, z2, z3) = (x3, x2, z3, z2);
            }
        }

        var result = new byte[32];
        Mod(x2 * BigInteger.ModPow(z2, P - 2, P)).TryWriteBytes(result, out _, isUnsigned: true);
        return result;
    }

    private static BigInteger Mod(BigInteger value)
    {
        var rest = value % P;
        return rest.Sign < 0 ? rest + P : rest;
    }
}

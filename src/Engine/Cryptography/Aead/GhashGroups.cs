using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>One product at a time: PCLMULQDQ, or PMULL.</summary>
internal readonly struct GhashGroup128 : IGhashGroup
{
    public static int Width => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Add(
        Vector128<ulong> sum, Vector128<byte> b0, Vector128<byte> b1, Vector128<byte> b2, Vector128<byte> b3,
        Vector128<byte> b4, Vector128<byte> b5, Vector128<byte> b6, Vector128<byte> b7, ref byte powers)
    {
        var products = default(Ghash.Products);
        products.Add(sum ^ Ghash.Reverse(b0).AsUInt64(), Ghash.Power(ref powers, 0, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b1).AsUInt64(), Ghash.Power(ref powers, 1, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b2).AsUInt64(), Ghash.Power(ref powers, 2, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b3).AsUInt64(), Ghash.Power(ref powers, 3, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b4).AsUInt64(), Ghash.Power(ref powers, 4, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b5).AsUInt64(), Ghash.Power(ref powers, 5, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b6).AsUInt64(), Ghash.Power(ref powers, 6, Ghash.GroupCount));
        products.Add(Ghash.Reverse(b7).AsUInt64(), Ghash.Power(ref powers, 7, Ghash.GroupCount));
        return products.Reduce();
    }
}

/// <summary>Two products at a time: VPCLMULQDQ on 256 bits.</summary>
/// <remarks>Four at a time (512 bits) were tried and were slower than one: AES comes in blocks of 128 bits in this runtime, and joining four
/// costs more than it saves.</remarks>
internal readonly struct GhashGroup256 : IGhashGroup
{
    public static int Width => 256;

    internal static bool IsSupported => Pclmulqdq.V256.IsSupported && Avx2.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Add(
        Vector128<ulong> sum, Vector128<byte> b0, Vector128<byte> b1, Vector128<byte> b2, Vector128<byte> b3,
        Vector128<byte> b4, Vector128<byte> b5, Vector128<byte> b6, Vector128<byte> b7, ref byte powers)
    {
        var x0 = Mirrored(b0, b1) ^ sum.ToVector256();
        var x1 = Mirrored(b2, b3);
        var x2 = Mirrored(b4, b5);
        var x3 = Mirrored(b6, b7);
        var p0 = Vector256.LoadUnsafe(ref powers, 0).AsUInt64();
        var p1 = Vector256.LoadUnsafe(ref powers, 32).AsUInt64();
        var p2 = Vector256.LoadUnsafe(ref powers, 64).AsUInt64();
        var p3 = Vector256.LoadUnsafe(ref powers, 96).AsUInt64();
        var low = Pclmulqdq.V256.CarrylessMultiply(x0, p0, 0x00) ^ Pclmulqdq.V256.CarrylessMultiply(x1, p1, 0x00)
            ^ Pclmulqdq.V256.CarrylessMultiply(x2, p2, 0x00) ^ Pclmulqdq.V256.CarrylessMultiply(x3, p3, 0x00);
        var high = Pclmulqdq.V256.CarrylessMultiply(x0, p0, 0x11) ^ Pclmulqdq.V256.CarrylessMultiply(x1, p1, 0x11)
            ^ Pclmulqdq.V256.CarrylessMultiply(x2, p2, 0x11) ^ Pclmulqdq.V256.CarrylessMultiply(x3, p3, 0x11);
        var middle = Pclmulqdq.V256.CarrylessMultiply(x0, p0, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(x1, p1, 0x01)
            ^ Pclmulqdq.V256.CarrylessMultiply(x2, p2, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(x3, p3, 0x01)
            ^ Pclmulqdq.V256.CarrylessMultiply(x0, p0, 0x10) ^ Pclmulqdq.V256.CarrylessMultiply(x1, p1, 0x10)
            ^ Pclmulqdq.V256.CarrylessMultiply(x2, p2, 0x10) ^ Pclmulqdq.V256.CarrylessMultiply(x3, p3, 0x10);
        return Ghash.Reduce(Folded(low), Folded(middle), Folded(high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Folded(Vector256<ulong> lanes) => lanes.GetLower() ^ lanes.GetUpper();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Mirrored(Vector128<byte> first, Vector128<byte> second)
    {
        var mirror = Vector256.Create(
            (byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        return Avx2.Shuffle(Vector256.Create(first, second), mirror).AsUInt64();
    }
}

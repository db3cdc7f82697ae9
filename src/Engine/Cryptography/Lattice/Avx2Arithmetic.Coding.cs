using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <content>Compression and encoding: eight coefficients of d bits are d bytes, for every d.</content>
internal sealed partial class Avx2Arithmetic
{
    private const int CoefficientsPerStep = 8;
    private const int StepCount = Field.Degree / CoefficientsPerStep;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Compress(ReadOnlySpan<short> polynomial, int bits, Span<byte> encoded)
    {
        var vectors = Vectors(polynomial);
        var factor = Vector256.Create((ulong)Field.DivisionFactor);
        var rounding = Vector256.Create((uint)(Field.HalfQ - 1));
        var mask = Vector256.Create((1ul << bits) - 1);
        for (var i = 0; i < VectorCount; i++)
        {
            var evens = ((vectors[i].AsUInt32() & Vector256.Create(0xFFFFu)) << bits) + rounding;
            var odds = ((vectors[i].AsUInt32() >>> 16) << bits) + rounding;
            var first = Divide(evens.AsUInt64(), factor) & mask;
            var second = Divide(odds.AsUInt64(), factor) & mask;
            var third = Divide(evens.AsUInt64() >>> 32, factor) & mask;
            var fourth = Divide(odds.AsUInt64() >>> 32, factor) & mask;
            var fours = first | (second << bits) | (third << (2 * bits)) | (fourth << (3 * bits));
            WriteFours(fours, bits, 2 * i, encoded);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Encode(ReadOnlySpan<short> polynomial, Span<byte> encoded)
    {
        var vectors = Vectors(polynomial);
        var weights = Vector256.Create(1 | (4096 << 16)).AsInt16();
        for (var i = 0; i < VectorCount; i++)
        {
            var pairs = Avx2.MultiplyAddAdjacent(vectors[i], weights).AsUInt64();
            WriteFours((pairs & Vector256.Create(0xFFFF_FFFFul)) | (pairs >>> 32 << 24), bits: 12, 2 * i, encoded);
        }
    }

    // round(y q / 2^d) = (y 2^(15-d) q + 2^14) >> 15, one instruction.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Decompress(ReadOnlySpan<byte> encoded, int bits, Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var layout = new Layout(bits);
        for (var i = 0; i < VectorCount; i++)
        {
            var numbers = ReadSixteen(encoded, layout, 2 * i) << (15 - bits);
            vectors[i] = Avx2.MultiplyHighRoundScale(numbers, Vector256.Create(Field.Q));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Decode(ReadOnlySpan<byte> encoded, Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var layout = new Layout(bits: 12);
        var allBelow = Vector256<short>.AllBitsSet;
        for (var i = 0; i < VectorCount; i++)
        {
            var reduced = ReadSixteen(encoded, layout, 2 * i) - Vector256.Create(Field.Q);
            allBelow &= reduced;
            vectors[i] = Canonical(reduced);
        }

        return Vector256.ExtractMostSignificantBits(allBelow) == 0xFFFF;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void FromMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var eachBit = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);
        for (var i = 0; i < VectorCount; i++)
        {
            var sixteen = Vector256.Create(BinaryPrimitives.ReadInt16LittleEndian(message[(2 * i)..]));
            vectors[i] = Vector256.Equals(sixteen & eachBit, eachBit) & Vector256.Create(Field.HalfQ);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void ToMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
    {
        var vectors = Vectors(polynomial);
        for (var i = 0; i < VectorCount; i++)
        {
            // 833 ≤ c ≤ 2496, nearer to q/2 than to 0, is |2c − q| ≤ 1663.
            var distance = Vector256.Abs(vectors[i] + vectors[i] - Vector256.Create(Field.Q));
            var ones = Vector256.LessThan(distance, Vector256.Create((short)1664));
            BinaryPrimitives.WriteUInt16LittleEndian(message[(2 * i)..], (ushort)Vector256.ExtractMostSignificantBits(ones));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Divide(Vector256<ulong> numbers, Vector256<ulong> factor) =>
        Avx2.Multiply(numbers.AsUInt32(), factor.AsUInt32()) >>> Field.DivisionShift;

    // Each 64-bit lane holds four numbers; two lanes make one step of `bits` bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteFours(Vector256<ulong> fours, int bits, int step, Span<byte> encoded)
    {
        WriteEight(fours.GetElement(0), fours.GetElement(1), bits, step, encoded);
        WriteEight(fours.GetElement(2), fours.GetElement(3), bits, step + 1, encoded);
    }

    // Writes more than belongs to the step where there is room: the next step overwrites it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteEight(ulong first, ulong second, int bits, int step, Span<byte> encoded)
    {
        var low = first | (second << (4 * bits));
        var high = second >> 1 >> (63 - (4 * bits));
        var target = encoded[(step * bits)..];
        if (step < StepCount - 1)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target, low);
            if (bits > 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(target[8..], high);
            }

            return;
        }

        WriteLast(low, high, target[..bits]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteLast(ulong low, ulong high, Span<byte> target)
    {
        Span<byte> last = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(last, low);
        BinaryPrimitives.WriteUInt64LittleEndian(last[8..], high);
        last[..target.Length].CopyTo(target);
        CryptographicOperations.ZeroMemory(last);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> ReadSixteen(ReadOnlySpan<byte> encoded, in Layout layout, int step)
    {
        var low = ReadEight(encoded, layout, step);
        var high = ReadEight(encoded, layout, step + 1);
        var packed = Avx2.PackUnsignedSaturate(low, high).AsInt64();   // 0..3, 8..11 | 4..7, 12..15
        return Avx2.Permute4x64(packed, 0b11_01_10_00).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ReadEight(ReadOnlySpan<byte> encoded, in Layout layout, int step)
    {
        var source = encoded[(step * layout.Bits)..];
        var bytes = source.Length >= 16 ? Vector128.Create(source) : ReadLast(source);
        var spread = Avx2.Shuffle(Vector256.Create(bytes, bytes), layout.Spread).AsUInt32();
        return (Avx2.ShiftRightLogicalVariable(spread, layout.Shifts) & layout.Mask).AsInt32();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> ReadLast(ReadOnlySpan<byte> source)
    {
        Span<byte> last = stackalloc byte[16];
        last.Clear();
        source.CopyTo(last);
        var bytes = Vector128.Create<byte>(last);
        CryptographicOperations.ZeroMemory(last);
        return bytes;
    }

    /// <summary>Which bytes and which shift give each of eight numbers of <c>Bits</c> bits in a 32-bit lane.</summary>
    private readonly struct Layout
    {
        internal readonly int Bits;
        internal readonly Vector256<byte> Spread;
        internal readonly Vector256<uint> Shifts;
        internal readonly Vector256<uint> Mask;

        internal Layout(int bits)
        {
            Bits = bits;
            var positions = Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7) * (uint)bits;
            Shifts = positions & Vector256.Create(7u);
            Spread = (((positions >>> 3) * 0x01_01_01u) + Vector256.Create(0x80_02_01_00u)).AsByte();
            Mask = Vector256.Create((1u << bits) - 1);
        }
    }
}

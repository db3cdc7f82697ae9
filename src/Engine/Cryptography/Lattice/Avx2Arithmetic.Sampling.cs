using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <content>Sampling.</content>
internal sealed partial class Avx2Arithmetic
{
    private const int BytesPerStep = 24;

    // For each byte of accepted flags: the shuffle that moves the accepted 16-bit lanes to the front.
    private readonly byte[] _compaction = MakeCompaction();

    internal override int SampleUniform(ReadOnlySpan<byte> stream, Span<short> coefficients)
    {
        var spread = Vector256.Create(
            (byte)0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15);
        const byte OddLanes = 0b1010_1010;
        ref var target = ref MemoryMarshal.GetReference(coefficients);
        ref var compaction = ref MemoryMarshal.GetArrayDataReference(_compaction);
        var count = 0;
        while (stream.Length >= BytesPerStep && count <= coefficients.Length - Lanes)
        {
            var bytes = Vector256.Create(Vector128.Create(stream), Vector128.Create(stream[8..]));
            var spreadOut = Avx2.Shuffle(bytes, spread).AsUInt16();
            var candidates = Avx2.Blend(spreadOut, spreadOut >>> 4, OddLanes) & Vector256.Create((ushort)0xFFF);
            var accepted = Vector256.LessThan(candidates.AsInt16(), Vector256.Create(Field.Q));
            var flags = Avx2.PackSignedSaturate(accepted, Vector256<short>.Zero).AsByte();
            var low = flags.GetLower().ExtractMostSignificantBits() & 0xFF;
            var high = flags.GetUpper().ExtractMostSignificantBits() & 0xFF;

            Ssse3.Shuffle(candidates.GetLower().AsByte(), Vector128.LoadUnsafe(ref compaction, 16 * low))
                .AsInt16().StoreUnsafe(ref target, (nuint)count);
            count += BitOperations.PopCount(low);
            Ssse3.Shuffle(candidates.GetUpper().AsByte(), Vector128.LoadUnsafe(ref compaction, 16 * high))
                .AsInt16().StoreUnsafe(ref target, (nuint)count);
            count += BitOperations.PopCount(high);
            stream = stream[BytesPerStep..];
        }

        return count + ScalarArithmetic.SampleUniformInto(stream, coefficients[count..]);
    }

    internal override void SampleBinomial(ReadOnlySpan<byte> stream, int eta, Span<short> polynomial)
    {
        if (eta == 2)
        {
            SampleBinomial2(stream, polynomial);
        }
        else
        {
            SampleBinomial3(stream, polynomial);
        }
    }

    // 32 bytes hold 64 coefficients, a nibble each: two bits added, two subtracted.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SampleBinomial2(ReadOnlySpan<byte> stream, Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var everySecondBit = Vector256.Create((byte)0x55);
        var lowPairs = Vector256.Create((byte)0x33);
        var lowNibbles = Vector256.Create((byte)0x0F);
        for (var i = 0; i < VectorCount; i += 4)
        {
            var bytes = Vector256.Create(stream.Slice(8 * i, 32));
            var sums = (bytes & everySecondBit) + (ShiftRight(bytes, 1) & everySecondBit);
            var plus = (sums & lowPairs) + lowPairs;               // + 3, so that no nibble borrows
            var differences = plus - (ShiftRight(sums, 2) & lowPairs);
            var even = ((differences & lowNibbles) - Vector256.Create((byte)3)).AsSByte();
            var odd = ((ShiftRight(differences, 4) & lowNibbles) - Vector256.Create((byte)3)).AsSByte();
            var low = Avx2.UnpackLow(even, odd);      // coefficients 0..15 | 32..47
            var high = Avx2.UnpackHigh(even, odd);    // 16..31 | 48..63
            vectors[i] = Avx2.ConvertToVector256Int16(low.GetLower());
            vectors[i + 1] = Avx2.ConvertToVector256Int16(high.GetLower());
            vectors[i + 2] = Avx2.ConvertToVector256Int16(low.GetUpper());
            vectors[i + 3] = Avx2.ConvertToVector256Int16(high.GetUpper());
        }
    }

    // 24 bytes hold 32 coefficients: three bytes for four, six bits each, spread into 32-bit lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SampleBinomial3(ReadOnlySpan<byte> stream, Span<short> polynomial)
    {
        var vectors = Vectors(polynomial);
        var spread = Vector256.Create(
            (byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255, 13, 14, 15, 255);
        var everyThirdBit = Vector256.Create(0x24_9249u);
        var three = Vector256.Create(7u);
        for (var i = 0; i < VectorCount; i += 2)
        {
            var bytes = stream.Slice(12 * i, BytesPerStep);
            var bits = Avx2.Shuffle(Vector256.Create(Vector128.Create(bytes), Vector128.Create(bytes[8..])), spread).AsUInt32();
            var sums = (bits & everyThirdBit) + ((bits >>> 1) & everyThirdBit) + ((bits >>> 2) & everyThirdBit);
            var first = (sums & three) - ((sums >>> 3) & three);
            var second = ((sums >>> 6) & three) - ((sums >>> 9) & three);
            var third = ((sums >>> 12) & three) - ((sums >>> 15) & three);
            var fourth = ((sums >>> 18) & three) - (sums >>> 21);
            const byte OddLanes = 0b1010_1010;
            var lowPairs = Avx2.Blend(first.AsInt16(), (second << 16).AsInt16(), OddLanes).AsInt32();
            var highPairs = Avx2.Blend(third.AsInt16(), (fourth << 16).AsInt16(), OddLanes).AsInt32();
            var low = Avx2.UnpackLow(lowPairs, highPairs);     // coefficients 0..7 | 16..23
            var high = Avx2.UnpackHigh(lowPairs, highPairs);   // 8..15 | 24..31
            vectors[i] = Avx2.Permute2x128(low, high, LowHalves).AsInt16();
            vectors[i + 1] = Avx2.Permute2x128(low, high, HighHalves).AsInt16();
        }
    }

    // Bytes have no shift of their own; every use masks away what a 16-bit shift brings in from the neighbour.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> ShiftRight(Vector256<byte> bytes, int bits) => (bytes.AsUInt16() >>> bits).AsByte();

    private static byte[] MakeCompaction()
    {
        var table = new byte[256 * 16];
        for (var flags = 0; flags < 256; flags++)
        {
            var entry = table.AsSpan(16 * flags, 16);
            var count = 0;
            for (var lane = 0; lane < 8; lane++)
            {
                if ((flags >> lane & 1) == 1)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(entry[(2 * count)..], (ushort)((2 * lane) | (((2 * lane) + 1) << 8)));
                    count++;
                }
            }
        }

        return table;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static Kyberium.Engine.Cryptography.Aead.ProcessorInstructions;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>GHASH (NIST SP 800-38D section 6.4) by carry-less products, several blocks under one reduction.</summary>
/// <remarks>
/// A block's bytes are reversed, so that its bits stand in the order of GHASH mirrored. The product of two mirrored polynomials is one
/// bit short, so the powers of H are kept times x. Reduction works from the low end in two steps, as Montgomery's does: Gueron and
/// Kounavis, "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode", revision 2.02.
/// </remarks>
internal static class Ghash
{
    internal const int BlockSize = 16;

    /// <summary>How many blocks go under one reduction, and how many powers of H a key keeps.</summary>
    internal const int GroupCount = 8;

    internal const int GroupSize = GroupCount * BlockSize;

    // x¹²⁸ + x¹²⁷ + x¹²⁶ + x¹²¹ + 1 without its first term: 1 in the low half, this in the high half.
    private const ulong Polynomial = 0xC200_0000_0000_0000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Reverse(Vector128<byte> block) =>
        Vector128.Shuffle(block, Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));

    /// <summary>Writes H⁸, H⁷, … H, each times x.</summary>
    /// <param name="h">The block of zeros, encrypted. Secret.</param>
    /// <param name="powers">Receives <see cref="GroupSize"/> bytes. Secret.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WritePowers(Vector128<byte> h, Span<byte> powers)
    {
        var first = TimesX(Reverse(h).AsUInt64());
        var vectors = MemoryMarshal.Cast<byte, Vector128<ulong>>(powers[..GroupSize]);
        var power = first;
        vectors[GroupCount - 1] = first;
        for (var i = GroupCount - 2; i >= 0; i--)
        {
            power = Reduce(MultiplyLow(power, first), MultiplyLowHigh(power, first) ^ MultiplyHighLow(power, first), MultiplyHigh(power, first));
            vectors[i] = power;
        }
    }

    /// <summary>Reads the power that belongs to the block at <paramref name="index"/> of <paramref name="count"/> under one reduction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> Power(ref byte powers, nuint index, nuint count) =>
        Vector128.LoadUnsafe(ref powers, (GroupCount - count + index) * BlockSize).AsUInt64();

    /// <summary>Adds up to eight blocks from memory to the sum; the last is filled up with zeros.</summary>
    /// <param name="data">The first of <paramref name="length"/> bytes, 1 to <see cref="GroupSize"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static Vector128<ulong> Add(Vector128<ulong> sum, ref byte data, nuint length, ref byte powers)
    {
        var products = default(Products);
        products.AddAll(sum, ref data, length, ref powers, (length + BlockSize - 1) / BlockSize);
        return products.Reduce();
    }

    /// <summary>Adds data to the sum, the last block filled up with zeros.</summary>
    internal static Vector128<ulong> AddAll(Vector128<ulong> sum, ReadOnlySpan<byte> data, ref byte powers)
    {
        while (data.Length > GroupSize)
        {
            sum = Add(sum, ref MemoryMarshal.GetReference(data), GroupSize, ref powers);
            data = data[GroupSize..];
        }

        return data.IsEmpty ? sum : Add(sum, ref MemoryMarshal.GetReference(data), (nuint)data.Length, ref powers);
    }

    /// <summary>Reads a last block of 1 to 16 bytes and fills it up with zeros; reads nothing beyond it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> LoadLast(ref byte data, nuint length)
    {
        if (length == BlockSize)
        {
            return Vector128.LoadUnsafe(ref data);
        }

        // Two reads that meet or overlap within the block give the low and the high half.
        ulong low = 0, high = 0;
        if (length >= 8)
        {
            low = Unsafe.ReadUnaligned<ulong>(ref data);
            var rest = (int)length - 8;
            high = rest == 0 ? 0 : Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref data, rest)) >> (8 * (8 - rest));
        }
        else if (length >= 4)
        {
            var rest = (int)length - 4;
            low = Unsafe.ReadUnaligned<uint>(ref data);
            low |= rest == 0 ? 0 : (ulong)(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref data, rest)) >> (8 * (4 - rest))) << 32;
        }
        else
        {
            for (nuint i = 0; i < length; i++)
            {
                low |= (ulong)Unsafe.Add(ref data, i) << (int)(8 * i);
            }
        }

        return Vector128.Create(low, high).AsByte();
    }

    /// <summary>Writes the first 1 to 15 bytes of a block, and nothing beyond them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreLast(Vector128<byte> block, ref byte target, nuint length)
    {
        var left = block.AsUInt64().ToScalar();
        if (length >= 8)
        {
            Unsafe.WriteUnaligned(ref target, left);
            left = block.AsUInt64()[1];
            target = ref Unsafe.Add(ref target, 8);
            length -= 8;
        }

        for (nuint i = 0; i < length; i++)
        {
            Unsafe.Add(ref target, i) = (byte)(left >> (int)(8 * i));
        }
    }

    /// <summary>Zeroes what follows the first <paramref name="length"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> KeepFirst(Vector128<byte> block, nuint length) =>
        block & Vector128.LessThan(Vector128<byte>.Indices, Vector128.Create((byte)length));

    /// <summary>Brings a product, its middle part apart, back to 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> Reduce(Vector128<ulong> low, Vector128<ulong> middle, Vector128<ulong> high)
    {
        var polynomial = Vector128.Create(Polynomial);
        middle ^= SwapHalves(low) ^ MultiplyLow(low, polynomial);
        return high ^ SwapHalves(middle) ^ MultiplyLow(middle, polynomial);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> SwapHalves(Vector128<ulong> value) => Vector128.Shuffle(value, Vector128.Create(1ul, 0));

    // One bit to the left; the bit that falls out is reduced. Its mask comes from a shift, so that H decides no branch.
    private static Vector128<ulong> TimesX(Vector128<ulong> value)
    {
        ulong low = value[0], high = value[1];
        var carry = (ulong)((long)high >> 63);
        return Vector128.Create((low << 1) ^ (carry & 1), ((high << 1) | (low >> 63)) ^ (carry & Polynomial));
    }

    /// <summary>Products that wait for their reduction: low, middle and high parts.</summary>
    internal struct Products
    {
        private Vector128<ulong> _low;
        private Vector128<ulong> _middle;
        private Vector128<ulong> _high;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Add(Vector128<ulong> block, Vector128<ulong> power)
        {
            _low ^= MultiplyLow(block, power);
            _middle ^= MultiplyLowHigh(block, power) ^ MultiplyHighLow(block, power);
            _high ^= MultiplyHigh(block, power);
        }

        /// <summary>Adds the blocks of data as the first ones of <paramref name="count"/> under one reduction.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void AddAll(Vector128<ulong> sum, ref byte data, nuint length, ref byte powers, nuint count)
        {
            nuint index = 0;
            for (; length > BlockSize; length -= BlockSize)
            {
                Add(sum ^ Reverse(Vector128.LoadUnsafe(ref data, index * BlockSize)).AsUInt64(), Power(ref powers, index, count));
                sum = Vector128<ulong>.Zero;
                index++;
            }

            Add(
                sum ^ Reverse(LoadLast(ref Unsafe.Add(ref data, index * BlockSize), length)).AsUInt64(),
                Power(ref powers, index, count));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly Vector128<ulong> Reduce() => Ghash.Reduce(_low, _middle, _high);
    }
}

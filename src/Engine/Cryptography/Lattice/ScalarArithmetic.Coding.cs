using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Cryptography.Lattice;

/// <content>Sampling, compression and encoding.</content>
internal sealed partial class ScalarArithmetic
{
    internal override int SampleUniform(ReadOnlySpan<byte> stream, Span<short> coefficients) =>
        SampleUniformInto(stream, coefficients);

    // A number that is too large is written and then overwritten: which ones are is random, and branches would be guessed
    // wrong.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int SampleUniformInto(ReadOnlySpan<byte> stream, Span<short> coefficients)
    {
        var count = 0;
        for (var at = 0; at + 3 <= stream.Length && count < coefficients.Length; at += 3)
        {
            var first = stream[at] | ((stream[at + 1] & 0x0F) << 8);
            var second = (stream[at + 1] >> 4) | (stream[at + 2] << 4);
            coefficients[count] = (short)first;
            count += (first - Field.Q) >>> 31;
            if (count < coefficients.Length)
            {
                coefficients[count] = (short)second;
                count += (second - Field.Q) >>> 31;
            }
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void SampleBinomial(ReadOnlySpan<byte> stream, int eta, Span<short> polynomial)
    {
        if (eta == 2)
        {
            for (var i = 0; i < Field.Degree; i += 8)
            {
                var bits = BinaryPrimitives.ReadUInt32LittleEndian(stream[(i >> 1)..]);
                var sums = (bits & 0x5555_5555) + ((bits >> 1) & 0x5555_5555);
                for (var j = 0; j < 8; j++)
                {
                    polynomial[i + j] = (short)((int)((sums >> (4 * j)) & 3) - (int)((sums >> ((4 * j) + 2)) & 3));
                }
            }

            return;
        }

        for (int i = 0, at = 0; i < Field.Degree; i += 4, at += 3)
        {
            var bits = stream[at] | ((uint)stream[at + 1] << 8) | ((uint)stream[at + 2] << 16);
            var sums = (bits & 0x24_9249) + ((bits >> 1) & 0x24_9249) + ((bits >> 2) & 0x24_9249);
            for (var j = 0; j < 4; j++)
            {
                polynomial[i + j] = (short)((int)((sums >> (6 * j)) & 7) - (int)((sums >> ((6 * j) + 3)) & 7));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Compress(ReadOnlySpan<short> polynomial, int bits, Span<byte> encoded)
    {
        var mask = (1u << bits) - 1;
        ulong pending = 0;
        int pendingBits = 0, at = 0;
        foreach (var coefficient in polynomial)
        {
            var scaled = ((ulong)(ushort)coefficient << bits) + (Field.HalfQ - 1);
            pending |= (((scaled * Field.DivisionFactor) >> Field.DivisionShift) & mask) << pendingBits;
            pendingBits += bits;
            WriteWholeBytes(encoded, ref at, ref pending, ref pendingBits);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Decompress(ReadOnlySpan<byte> encoded, int bits, Span<short> polynomial)
    {
        var mask = (1u << bits) - 1;
        uint pending = 0;
        int pendingBits = 0, at = 0;
        for (var i = 0; i < polynomial.Length; i++)
        {
            while (pendingBits < bits)
            {
                pending |= (uint)encoded[at++] << pendingBits;
                pendingBits += 8;
            }

            polynomial[i] = (short)((((pending & mask) * Field.Q) + (1u << (bits - 1))) >> bits);
            pending >>= bits;
            pendingBits -= bits;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Encode(ReadOnlySpan<short> polynomial, Span<byte> encoded)
    {
        for (int i = 0, at = 0; i < polynomial.Length; i += 2, at += 3)
        {
            var pair = (ushort)polynomial[i] | ((uint)(ushort)polynomial[i + 1] << 12);
            encoded[at] = (byte)pair;
            encoded[at + 1] = (byte)(pair >> 8);
            encoded[at + 2] = (byte)(pair >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Decode(ReadOnlySpan<byte> encoded, Span<short> polynomial)
    {
        var allBelow = -1;
        for (int i = 0, at = 0; i < polynomial.Length; i += 2, at += 3)
        {
            var pair = encoded[at] | (encoded[at + 1] << 8) | (encoded[at + 2] << 16);
            var first = (pair & 0xFFF) - Field.Q;
            var second = (pair >> 12) - Field.Q;
            allBelow &= first & second;
            polynomial[i] = (short)(first + ((first >> 31) & Field.Q));
            polynomial[i + 1] = (short)(second + ((second >> 31) & Field.Q));
        }

        return allBelow < 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void FromMessage(ReadOnlySpan<byte> message, Span<short> polynomial)
    {
        for (var i = 0; i < polynomial.Length; i++)
        {
            polynomial[i] = (short)(-((message[i >> 3] >> (i & 7)) & 1) & Field.HalfQ);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void ToMessage(ReadOnlySpan<short> polynomial, Span<byte> message)
    {
        for (var i = 0; i < polynomial.Length; i += 8)
        {
            uint bits = 0;
            for (var j = 0; j < 8; j++)
            {
                // 833 ≤ c ≤ 2496 is nearer to q/2 than to 0: both differences are then non-negative.
                var coefficient = (int)polynomial[i + j];
                bits |= (~(uint)((coefficient - 833) | (2496 - coefficient)) >> 31) << j;
            }

            message[i >> 3] = (byte)bits;
        }
    }

    // How many bytes are whole depends on positions alone, never on a coefficient.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteWholeBytes(Span<byte> encoded, ref int at, ref ulong pending, ref int pendingBits)
    {
        while (pendingBits >= 8)
        {
            encoded[at++] = (byte)pending;
            pending >>= 8;
            pendingBits -= 8;
        }
    }
}

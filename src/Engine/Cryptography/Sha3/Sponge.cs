using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Sha3;

/// <summary>The sponge of FIPS 202: absorb any number of times, then squeeze any number of times.</summary>
/// <remarks>A value of 25 lanes; pass it by reference. <see cref="Clear"/> zeroes it after secret input.</remarks>
internal struct Sponge
{
    internal const int Shake128Rate = 168;
    internal const int Shake256Rate = 136;
    private const int Sha3_512Rate = 72;
    private const byte ShakeSuffix = 0x1F;
    private const byte Sha3Suffix = 0x06;

    private Lanes _lanes;
    private readonly int _rate;
    private readonly byte _suffix;
    private int _position;
    private bool _squeezing;

    private Sponge(int rate, byte suffix)
    {
        _rate = rate;
        _suffix = suffix;
    }

    internal static Sponge Shake128() => new(Shake128Rate, ShakeSuffix);

    internal static Sponge Shake256() => new(Shake256Rate, ShakeSuffix);

    internal static Sponge Sha3For256() => new(Shake256Rate, Sha3Suffix);

    internal static Sponge Sha3For512() => new(Sha3_512Rate, Sha3Suffix);

    /// <summary>Takes in more input.</summary>
    /// <exception cref="InvalidOperationException">Output was squeezed already (caller's bug).</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Absorb(scoped ReadOnlySpan<byte> input)
    {
        if (_squeezing)
        {
            throw new InvalidOperationException("A sponge takes no input after output was squeezed; start a new one.");
        }

        while (!input.IsEmpty)
        {
            var count = Math.Min(input.Length, _rate - _position);
            XorIntoState(input[..count]);
            input = input[count..];
            _position += count;
            if (_position == _rate)
            {
                KeccakPermutation.Permute(_lanes);
                _position = 0;
            }
        }
    }

    /// <summary>Gives the next bytes of output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Squeeze(scoped Span<byte> output)
    {
        if (!_squeezing)
        {
            Pad();
        }

        while (!output.IsEmpty)
        {
            if (_position == _rate)
            {
                KeccakPermutation.Permute(_lanes);
                _position = 0;
            }

            var count = Math.Min(output.Length, _rate - _position);
            CopyFromState(output[..count]);
            output = output[count..];
            _position += count;
        }
    }

    internal void Clear() => CryptographicOperations.ZeroMemory(Bytes(ref _lanes));

    // Lanes are little-endian (FIPS 202 appendix B.1), as is every processor this runs on but a few: those go by byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void XorIntoState(scoped ReadOnlySpan<byte> input)
    {
        if (BitConverter.IsLittleEndian)
        {
            var state = Bytes(ref _lanes)[_position..];
            while (input.Length >= 8)
            {
                var lane = BinaryPrimitives.ReadUInt64LittleEndian(state) ^ BinaryPrimitives.ReadUInt64LittleEndian(input);
                BinaryPrimitives.WriteUInt64LittleEndian(state, lane);
                state = state[8..];
                input = input[8..];
            }

            for (var i = 0; i < input.Length; i++)
            {
                state[i] ^= input[i];
            }

            return;
        }

        for (var i = 0; i < input.Length; i++)
        {
            var at = _position + i;
            _lanes[at >> 3] ^= (ulong)input[i] << (8 * (at & 7));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyFromState(scoped Span<byte> output)
    {
        if (BitConverter.IsLittleEndian)
        {
            Bytes(ref _lanes).Slice(_position, output.Length).CopyTo(output);
            return;
        }

        for (var i = 0; i < output.Length; i++)
        {
            var at = _position + i;
            output[i] = (byte)(_lanes[at >> 3] >> (8 * (at & 7)));
        }
    }

    private void Pad()
    {
        _lanes[_position >> 3] ^= (ulong)_suffix << (8 * (_position & 7));
        _lanes[(_rate - 1) >> 3] ^= 0x80UL << 56;
        _position = _rate;
        _squeezing = true;
    }

    private static Span<byte> Bytes([UnscopedRef] ref Lanes lanes) => MemoryMarshal.AsBytes((Span<ulong>)lanes);

    [InlineArray(KeccakPermutation.LaneCount)]
    private struct Lanes
    {
        private ulong _first;
    }
}

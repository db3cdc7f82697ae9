using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kyberium.Engine.Cryptography.Sha3;

/// <summary>Chooses how many Keccak states to permute together, and moves bytes in and out of interleaved states.</summary>
/// <remarks>Immutable. Widths are 1, 4 (AVX2) and 8 (AVX-512); a narrower limit keeps the others testable.</remarks>
internal sealed class KeccakBatch
{
    /// <summary>The largest number of states together.</summary>
    internal const int StateCountMax = KeccakPermutationX8.StateCount;

    private readonly int _stateCountMax;

    private KeccakBatch(int stateCountMax) => _stateCountMax = stateCountMax;

    internal static KeccakBatch One { get; } = new(1);

    /// <summary>Gets the widest batch this processor runs.</summary>
    internal static KeccakBatch Widest { get; } = new(
        KeccakPermutationX8.IsSupported ? KeccakPermutationX8.StateCount
        : KeccakPermutationX4.IsSupported ? KeccakPermutationX4.StateCount : 1);

    /// <summary>Gets the four-way batch where this processor has AVX2, otherwise the single one.</summary>
    internal static KeccakBatch Four { get; } = new(KeccakPermutationX4.IsSupported ? KeccakPermutationX4.StateCount : 1);

    /// <summary>Says how many states to permute next when <paramref name="remaining"/> streams are still to be made.</summary>
    internal int WidthFor(int remaining) => (remaining, _stateCountMax) switch
    {
        (1, _) or (_, 1) => 1,
        ( <= 4, _) or (_, 4) => 4,
        _ => 8,
    };

    /// <summary>Permutes <paramref name="width"/> interleaved states: 1, 4 or 8, as <see cref="WidthFor"/> said.</summary>
    internal static void Permute(Span<ulong> states, int width)
    {
        switch (width)
        {
            case 1:
                KeccakPermutation.Permute(states);
                break;
            case 4:
                KeccakPermutationX4.Permute(states);
                break;
            default:
                KeccakPermutationX8.Permute(states);
                break;
        }
    }

    /// <summary>Starts every state with the same 32-byte seed, a tail lane of its own, and the padding of a SHAKE.</summary>
    /// <param name="states">25 × <paramref name="width"/> lanes, overwritten.</param>
    /// <param name="width">Number of interleaved states.</param>
    /// <param name="seed">Exactly 32 bytes.</param>
    /// <param name="tails">One per state: the bytes after the seed and the SHAKE suffix, little-endian.</param>
    /// <param name="rate">Rate in bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Start(Span<ulong> states, int width, ReadOnlySpan<byte> seed, ReadOnlySpan<ulong> tails, int rate)
    {
        states = states[..(width * KeccakPermutation.LaneCount)];
        states.Clear();
        for (var lane = 0; lane < 4; lane++)
        {
            states.Slice(width * lane, width)
                .Fill(BinaryPrimitives.ReadUInt64LittleEndian(seed.Slice(8 * lane, 8)));
        }

        tails[..width].CopyTo(states[(4 * width)..]);
        states.Slice(width * ((rate >> 3) - 1), width).Fill(0x80UL << 56);
    }

    /// <summary>Reads the first bytes of one interleaved state; whole lanes only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Extract(ReadOnlySpan<ulong> states, int width, int state, Span<byte> output)
    {
        // The last lane read and the length written are checked here, so that the loop need not.
        var laneCount = output.Length >> 3;
        _ = states[(width * (laneCount - 1)) + state];
        ref var lane = ref Unsafe.Add(ref MemoryMarshal.GetReference(states), state);
        ref var target = ref MemoryMarshal.GetReference(output);
        for (var i = 0; i < laneCount; i++)
        {
            var value = BitConverter.IsLittleEndian ? lane : BinaryPrimitives.ReverseEndianness(lane);
            Unsafe.WriteUnaligned(ref target, value);
            lane = ref Unsafe.Add(ref lane, width);
            target = ref Unsafe.Add(ref target, sizeof(ulong));
        }
    }
}

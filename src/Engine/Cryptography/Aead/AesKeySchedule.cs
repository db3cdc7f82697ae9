using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>The round keys of AES-256 (FIPS 197 section 5.2), and single blocks under them.</summary>
internal static class AesKeySchedule
{
    /// <summary>Fifteen round keys of 16 bytes.</summary>
    internal const int Size = RoundKeyCount * BlockSize;

    internal const int BlockSize = 16;

    internal const int RoundKeyCount = 15;
    private const int KeyWords = 8;

    /// <summary>Expands a key.</summary>
    /// <param name="key">32 secret bytes.</param>
    /// <param name="schedule">Receives <see cref="Size"/> bytes. Secret.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Expand(ReadOnlySpan<byte> key, Span<byte> schedule)
    {
        var words = MemoryMarshal.Cast<byte, uint>(schedule[..Size]);
        MemoryMarshal.Cast<byte, uint>(key)[..KeyWords].CopyTo(words);
        var roundConstant = 1u;
        for (var i = KeyWords; i < words.Length; i += KeyWords)
        {
            words[i] = words[i - KeyWords] ^ BitOperations.RotateRight(Substitute(words[i - 1]), 8) ^ roundConstant;
            roundConstant <<= 1;
            for (var j = i + 1; j < i + 4; j++)
            {
                words[j] = words[j - KeyWords] ^ words[j - 1];
            }

            if (i + 4 == words.Length)
            {
                break;      // the fifteenth key is half a step
            }

            words[i + 4] = words[i + 4 - KeyWords] ^ Substitute(words[i + 3]);
            for (var j = i + 5; j < i + KeyWords; j++)
            {
                words[j] = words[j - KeyWords] ^ words[j - 1];
            }
        }
    }

    /// <summary>Encrypts one block.</summary>
    /// <param name="schedule">The first of <see cref="Size"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Encrypt(Vector128<byte> block, ref byte schedule)
    {
        block ^= RoundKey(ref schedule, 0);
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 1));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 2));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 3));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 4));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 5));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 6));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 7));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 8));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 9));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 10));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 11));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 12));
        block = ProcessorInstructions.Round(block, RoundKey(ref schedule, 13));
        return ProcessorInstructions.LastRound(block, RoundKey(ref schedule, 14));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> RoundKey(ref byte schedule, nuint number) => Vector128.LoadUnsafe(ref schedule, number * BlockSize);

    // With four equal columns ShiftRows changes nothing, so that the last round is the S-box of each byte: no table.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Substitute(uint word) =>
        ProcessorInstructions.LastRound(Vector128.Create(word).AsByte(), Vector128<byte>.Zero).AsUInt32().ToScalar();
}

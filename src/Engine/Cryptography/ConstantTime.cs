using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Kyberium.Engine.Cryptography;

/// <summary>Comparison and choice in time that depends on lengths only.</summary>
internal static class ConstantTime
{
    /// <summary>Compares without stopping early; several times faster than the platform's byte loop on a ciphertext.</summary>
    /// <returns>All ones when the bytes differ, zero when they are equal.</returns>
    /// <exception cref="ArgumentException">The lengths differ (caller's bug).</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static ulong DifferenceMask(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            throw new ArgumentException($"Compared lengths differ: {left.Length} and {right.Length}.", nameof(right));
        }

        var vectors = Vector256<byte>.Zero;
        while (left.Length >= Vector256<byte>.Count)
        {
            vectors |= Vector256.Create(left) ^ Vector256.Create(right);
            left = left[Vector256<byte>.Count..];
            right = right[Vector256<byte>.Count..];
        }

        var words = vectors.AsUInt64();
        var difference = words[0] | words[1] | words[2] | words[3];
        for (var i = 0; i < left.Length; i++)
        {
            difference |= (uint)(left[i] ^ right[i]);
        }

        return (ulong)((long)(difference | (0 - difference)) >> 63);
    }

    /// <summary>Replaces <paramref name="target"/> by <paramref name="replacement"/> when <paramref name="mask"/> is all
    /// ones, and leaves it when zero.</summary>
    /// <param name="mask">All ones or zero.</param>
    /// <param name="target">A multiple of 8 bytes.</param>
    /// <param name="replacement">As long as <paramref name="target"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void ReplaceWhen(ulong mask, Span<byte> target, ReadOnlySpan<byte> replacement)
    {
        for (var i = 0; i + 8 <= target.Length; i += 8)
        {
            var kept = BinaryPrimitives.ReadUInt64LittleEndian(target[i..]);
            var other = BinaryPrimitives.ReadUInt64LittleEndian(replacement[i..]);
            BinaryPrimitives.WriteUInt64LittleEndian(target[i..], kept ^ (mask & (kept ^ other)));
        }
    }
}

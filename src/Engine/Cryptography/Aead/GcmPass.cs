using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static Kyberium.Engine.Cryptography.Aead.AesKeySchedule;
using static Kyberium.Engine.Cryptography.Aead.ProcessorInstructions;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>AES-256-GCM (NIST SP 800-38D section 7) in one pass: counter blocks are encrypted, added and hashed group by group.</summary>
/// <remarks>Branches and addresses depend on lengths only. Nothing secret is written to memory but what the compiler spills.</remarks>
internal static class GcmPass
{
    /// <summary>What a key keeps: the round keys, then the powers of H.</summary>
    internal const int StateSize = AesKeySchedule.Size + Ghash.GroupSize;

    /// <summary>Expands a key.</summary>
    /// <param name="key">32 secret bytes.</param>
    /// <param name="state">Receives <see cref="StateSize"/> bytes. Secret.</param>
    internal static void Expand(ReadOnlySpan<byte> key, Span<byte> state)
    {
        AesKeySchedule.Expand(key, state);
        var h = Encrypt(Vector128<byte>.Zero, ref MemoryMarshal.GetReference(state));
        Ghash.WritePowers(h, state[AesKeySchedule.Size..]);
    }

    /// <summary>Encrypts or decrypts, and gives the tag.</summary>
    /// <param name="state">The first of <see cref="StateSize"/> bytes.</param>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="associatedData">Any length.</param>
    /// <param name="source">The first of <paramref name="length"/> bytes.</param>
    /// <param name="target">Receives as many; the same place as the source, or no overlap.</param>
    internal static Vector128<byte> Run<TGroup, TDirection>(
        ref byte state, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ref byte source, ref byte target, nuint length)
        where TGroup : struct, IGhashGroup
        where TDirection : struct, IGcmDirection
    {
        var counter = FirstCounter(nonce);
        var mask = Encrypt(Ghash.Reverse(counter.AsByte()), ref state);
        var lengths = Vector128.Create(8ul * length, 8ul * (ulong)associatedData.Length);
        var sum = Ghash.AddAll(Vector128<ulong>.Zero, associatedData, ref Unsafe.Add(ref state, AesKeySchedule.Size));
        var whole = length & ~(nuint)(Ghash.GroupSize - 1);
        if (whole > 0)
        {
            sum = AddGroups<TGroup, TDirection>(ref state, counter, sum, ref source, ref target, whole);
            counter += Vector128.CreateScalar((uint)(whole / BlockSize));
        }

        sum = Finish<TDirection>(
            ref state, counter, sum, lengths, ref Unsafe.Add(ref source, whole), ref Unsafe.Add(ref target, whole), length - whole);
        return mask ^ Ghash.Reverse(sum.AsByte());
    }

    // Eight blocks at a time. The compiler inlines up to a bound in one method, so that this loop stands alone.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector128<ulong> AddGroups<TGroup, TDirection>(
        ref byte state, Vector128<uint> counter, Vector128<ulong> sum, ref byte source, ref byte target, nuint length)
        where TGroup : struct, IGhashGroup
        where TDirection : struct, IGcmDirection
    {
        ref var powers = ref Unsafe.Add(ref state, AesKeySchedule.Size);
        for (; length >= Ghash.GroupSize; length -= Ghash.GroupSize)
        {
            var key = RoundKey(ref state, 0);
            var b0 = CounterBlock(counter, 1) ^ key;
            var b1 = CounterBlock(counter, 2) ^ key;
            var b2 = CounterBlock(counter, 3) ^ key;
            var b3 = CounterBlock(counter, 4) ^ key;
            var b4 = CounterBlock(counter, 5) ^ key;
            var b5 = CounterBlock(counter, 6) ^ key;
            var b6 = CounterBlock(counter, 7) ^ key;
            var b7 = CounterBlock(counter, 8) ^ key;
            counter += Vector128.CreateScalar((uint)Ghash.GroupCount);
            for (nuint number = 1; number < RoundKeyCount - 1; number++)
            {
                key = RoundKey(ref state, number);
                b0 = Round(b0, key);
                b1 = Round(b1, key);
                b2 = Round(b2, key);
                b3 = Round(b3, key);
                b4 = Round(b4, key);
                b5 = Round(b5, key);
                b6 = Round(b6, key);
                b7 = Round(b7, key);
            }

            key = RoundKey(ref state, RoundKeyCount - 1);
            var i0 = Vector128.LoadUnsafe(ref source, 0);
            var i1 = Vector128.LoadUnsafe(ref source, 16);
            var i2 = Vector128.LoadUnsafe(ref source, 32);
            var i3 = Vector128.LoadUnsafe(ref source, 48);
            var i4 = Vector128.LoadUnsafe(ref source, 64);
            var i5 = Vector128.LoadUnsafe(ref source, 80);
            var i6 = Vector128.LoadUnsafe(ref source, 96);
            var i7 = Vector128.LoadUnsafe(ref source, 112);
            if (TDirection.Opens)
            {
                sum = TGroup.Add(sum, i0, i1, i2, i3, i4, i5, i6, i7, ref powers);
            }

            b0 = LastRound(b0, key) ^ i0;
            b1 = LastRound(b1, key) ^ i1;
            b2 = LastRound(b2, key) ^ i2;
            b3 = LastRound(b3, key) ^ i3;
            b4 = LastRound(b4, key) ^ i4;
            b5 = LastRound(b5, key) ^ i5;
            b6 = LastRound(b6, key) ^ i6;
            b7 = LastRound(b7, key) ^ i7;
            b0.StoreUnsafe(ref target, 0);
            b1.StoreUnsafe(ref target, 16);
            b2.StoreUnsafe(ref target, 32);
            b3.StoreUnsafe(ref target, 48);
            b4.StoreUnsafe(ref target, 64);
            b5.StoreUnsafe(ref target, 80);
            b6.StoreUnsafe(ref target, 96);
            b7.StoreUnsafe(ref target, 112);
            if (!TDirection.Opens)
            {
                sum = TGroup.Add(sum, b0, b1, b2, b3, b4, b5, b6, b7, ref powers);
            }

            source = ref Unsafe.Add(ref source, Ghash.GroupSize);
            target = ref Unsafe.Add(ref target, Ghash.GroupSize);
        }

        return sum;
    }

    // Fewer than eight blocks, the last perhaps not whole, and the block of lengths; under one reduction where eight powers are enough.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector128<ulong> Finish<TDirection>(
        ref byte state, Vector128<uint> counter, Vector128<ulong> sum, Vector128<ulong> lengths, ref byte source, ref byte target, nuint length)
        where TDirection : struct, IGcmDirection
    {
        ref var powers = ref Unsafe.Add(ref state, AesKeySchedule.Size);
        var products = default(Ghash.Products);
        nuint count = ((length + BlockSize - 1) / BlockSize) + 1, index = 0;
        if (count > Ghash.GroupCount)
        {
            count = Ghash.GroupCount;
        }

        for (; length > 0; index++)
        {
            counter += Vector128.CreateScalar(1u);
            var block = Encrypt(Ghash.Reverse(counter.AsByte()), ref state);
            Vector128<byte> hashed;
            if (length >= BlockSize)
            {
                var input = Vector128.LoadUnsafe(ref source);
                block ^= input;
                block.StoreUnsafe(ref target);
                hashed = TDirection.Opens ? input : block;
                length -= BlockSize;
            }
            else
            {
                var input = Ghash.LoadLast(ref source, length);
                block = Ghash.KeepFirst(block ^ input, length);
                Ghash.StoreLast(block, ref target, length);
                hashed = TDirection.Opens ? input : block;
                length = 0;
            }

            products.Add(sum ^ Ghash.Reverse(hashed).AsUInt64(), Ghash.Power(ref powers, index, count));
            sum = Vector128<ulong>.Zero;
            source = ref Unsafe.Add(ref source, BlockSize);
            target = ref Unsafe.Add(ref target, BlockSize);
        }

        if (index == Ghash.GroupCount)
        {
            sum = products.Reduce();
            products = default;
            index = Ghash.GroupCount - 1;
        }

        products.Add(sum ^ lengths, Ghash.Power(ref powers, index, count));
        return products.Reduce();
    }

    // The nonce and a counter of 1, mirrored, so that the counter is the first of four numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> FirstCounter(ReadOnlySpan<byte> nonce)
    {
        ref var first = ref MemoryMarshal.GetReference(nonce);
        var block = Vector128.Create(
            Unsafe.ReadUnaligned<uint>(ref first), Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, 4)),
            Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, 8)), 0x0100_0000);
        return Ghash.Reverse(block.AsByte()).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> CounterBlock(Vector128<uint> counter, uint ahead) =>
        Ghash.Reverse((counter + Vector128.CreateScalar(ahead)).AsByte());
}

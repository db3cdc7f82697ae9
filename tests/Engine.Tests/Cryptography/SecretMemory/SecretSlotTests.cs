using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Engine.Tests.Cryptography.SecretMemory;

/// <summary>The memory of secrets: zeroed, never moved, never two owners' at once, given back once.</summary>
[Collection(nameof(SecretMemoryAlone))]
public sealed class SecretSlotTests
{
    private const int PerSlab = (SecretSlab.Size - SecretSlab.LineSize) / 64;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(256)]
    [InlineData(SlabSets.LengthMax)]
    [InlineData(SlabSets.LengthMax + 1)]
    [InlineData(100_000)]
    public void A_secret_of_any_length_is_zeroed_when_it_is_given_up_and_said_to_be_gone(int length)
    {
        var before = SlabSets.TakenCount;
        var content = Enumerable.Range(1, length).Select(number => (byte)(number | 1)).ToArray();
        var secret = SecretBytes.CopyOf(content);
        var bytes = secret.Reveal();
        Assert.Equal(content, bytes.ToArray());
        Assert.Equal(length, secret.Length);

        secret.Dispose();
        secret.Dispose();
        secret.Erase(0, length);
        Assert.False(bytes.ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => secret.Reveal().Length);
        Assert.InRange(SlabSets.TakenCount, 0, before);     // fewer, when an engine of an earlier test gives up its own meanwhile
    }

    [Fact]
    public void Erasing_after_disposal_does_not_touch_who_has_the_memory_now()
    {
        var first = SecretBytes.CopyOf([1, 2, 3]);
        ref var place = ref MemoryMarshal.GetReference(first.Reveal());
        first.Dispose();
        using var second = SecretBytes.CopyOf([4, 5, 6]);
        Assert.True(Unsafe.AreSame(ref place, ref MemoryMarshal.GetReference(second.Reveal())));    // or the test shows nothing
        first.Erase(0, 3);
        first.Dispose();
        Assert.Equal([4, 5, 6], second.Reveal().ToArray());
    }

    [Fact]
    public void A_write_after_the_end_is_noticed_when_the_memory_is_handed_out_again()
    {
        var slot = SecretSlot.Take(7 * SecretSlab.LineSize);
        Assert.True(slot.TryGet(out var bytes));
        slot.GiveBack();
        bytes[5] = 1;
        Assert.Throws<InvariantViolatedException>(() => SecretSlot.Take(7 * SecretSlab.LineSize));
        bytes[5] = 0;       // that place stays out, as one of a dropped owner does
    }

    [Fact]
    public void No_two_secrets_share_memory_and_a_collection_moves_none()
    {
        var secrets = new SecretBytes[3 * PerSlab];
        var places = new nint[secrets.Length];
        for (var i = 0; i < secrets.Length; i++)
        {
            secrets[i] = SecretBytes.CopyOf(BitConverter.GetBytes(i));
            places[i] = Address(secrets[i]);
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        Assert.Equal(secrets.Length, places.Distinct().Count());
        for (var i = 0; i < secrets.Length; i++)
        {
            Assert.Equal(0, places[i] % SecretSlab.LineSize);
            Assert.Equal(places[i], Address(secrets[i]));
            Assert.Equal(i, BitConverter.ToInt32(secrets[i].Reveal()));
            secrets[i].Dispose();
        }
    }

    [Fact]
    public void Slabs_without_secrets_go_but_for_one_and_their_memory_with_them()
    {
        var set = new SlabSet(64);
        var slabs = Fill(set, 10);
        Assert.Equal(0, set.TakenCount);
        GC.Collect();
        Assert.Equal(1, slabs.Count(slab => slab.TryGetTarget(out _)));
        Assert.True(slabs.Exists(slab => slab.TryGetTarget(out var kept) && kept == set.Take(out _)));
    }

    [Fact]
    public void A_full_slab_whose_owners_were_all_dropped_is_collected()
    {
        var set = new SlabSet(64);
        var slab = Drop(set);
        GC.Collect();
        Assert.False(slab.TryGetTarget(out _));
    }

    [Fact]
    public void Secrets_gather_in_slabs_that_have_some_before_one_that_has_none_is_begun()
    {
        var set = new SlabSet(64);
        var taken = new List<(SecretSlab Slab, int Offset)>();
        do
        {
            taken.Add((set.Take(out var offset), offset));
        }
        while (taken[^1].Slab == taken[0].Slab);
        var (first, second) = (taken[0].Slab, taken[^1].Slab);
        foreach (var (slab, offset) in taken.SkipLast(1))
        {
            set.GiveBack(slab, offset);
        }

        Assert.Equal(first.PlaceCount, first.FreeCount);
        Assert.Same(second, set.Take(out _));
    }

    [Fact]
    public void Giving_a_place_back_twice_is_a_broken_invariant()
    {
        var set = new SlabSet(64);
        var slab = set.Take(out var offset);
        _ = set.Take(out _);
        set.GiveBack(slab, offset);
        Assert.Throws<InvariantViolatedException>(() => set.GiveBack(slab, offset));
    }

    // Goal: under contention no place has two owners. Method: each thread writes its own mark and looks whether it still stands.
    [Fact]
    public async Task Threads_that_make_and_give_up_secrets_never_see_each_others()
    {
        var before = SlabSets.TakenCount;
        await Task.WhenAll(Enumerable.Range(1, 4).Select(mark => Task.Run(() =>
        {
            var random = new Random(mark);
            var content = Enumerable.Repeat((byte)mark, 300).ToArray();
            var held = new Queue<SecretBytes>();
            for (var i = 0; i < 20_000; i++)
            {
                held.Enqueue(SecretBytes.CopyOf(content.AsSpan(0, random.Next(1, 300))));
                if (held.Count > random.Next(200))
                {
                    using var oldest = held.Dequeue();
                    Assert.False(oldest.Reveal().ContainsAnyExcept((byte)mark));
                }
            }

            foreach (var secret in held)
            {
                secret.Dispose();
            }
        })));
        Assert.InRange(SlabSets.TakenCount, 0, before);     // fewer, when an engine of an earlier test gives up its own meanwhile
    }

    [Fact]
    public void Making_and_disposing_secrets_takes_no_memory_but_for_the_object()
    {
        var content = new byte[256];
        Assert.InRange(Allocation.PerCall(() => SecretBytes.CopyOf(content).Dispose()), 0, 32);
    }

    private static unsafe nint Address(SecretBytes secret)
    {
        fixed (byte* start = secret.Reveal())
        {
            return (nint)start;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference<SecretSlab>> Fill(SlabSet set, int slabs)
    {
        var taken = new List<(SecretSlab Slab, int Offset)>();
        while (taken.Select(one => one.Slab).Distinct().Count() < slabs)
        {
            for (var i = 0; i < PerSlab; i++)
            {
                taken.Add((set.Take(out var offset), offset));
            }
        }

        taken.ForEach(one => set.GiveBack(one.Slab, one.Offset));
        return [.. taken.Select(one => one.Slab).Distinct().Select(slab => new WeakReference<SecretSlab>(slab))];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<SecretSlab> Drop(SlabSet set)
    {
        var slab = set.Take(out _);
        while (slab.FreeCount > 0)
        {
            Assert.Same(slab, set.Take(out _));
        }

        return new WeakReference<SecretSlab>(slab);
    }
}

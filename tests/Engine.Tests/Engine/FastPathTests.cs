using System.Collections.Concurrent;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Sealing and opening on callers' own threads.</summary>
public sealed class FastPathTests
{
    [Fact]
    public async Task Sealing_and_opening_allocate_nothing_in_steady_state()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        Assert.Equal("first", await bob.OpenAsync(await alice.SealAsync(bob, "first")));
        var allocated = long.MaxValue;
        for (var attempt = 0; attempt < 5 && allocated > 0; attempt++)
        {
            allocated = Measure(alice.Engine, bob.Engine, bob.Id, rounds: 2_000);
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task Four_threads_seal_and_open_across_rekeys_without_a_lost_or_doubled_payload()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        const int perThread = 1_500;
        var opened = new ConcurrentDictionary<string, int>();
        var running = 4;
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < perThread; i++)
            {
                var (from, to) = worker % 2 == 0 ? (alice, bob) : (bob, alice);
                var text = $"{worker}/{i}";
                var payload = await to.OpenAsync(await from.SealAsync(to, text));
                Assert.Equal(text, payload);
                opened.AddOrUpdate(text, 1, static (_, count) => count + 1);
            }

            Interlocked.Decrement(ref running);
        })).ToArray();
        var epochs = 0;
        while (Volatile.Read(ref running) > 0 && !Array.Exists(workers, worker => worker.IsFaulted))
        {
            var before = (await alice.PeerAsync(bob)).Epoch;
            await Task.WhenAll(alice.Engine.RekeyAsync(bob.Id), bob.Engine.RekeyAsync(alice.Id));   // both sides at once
            await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).Epoch > before && (await bob.PeerAsync(alice)).Epoch > before);
            epochs++;
        }

        await Task.WhenAll(workers).WaitAsync(Party.Timely);
        Assert.True(epochs >= 1, $"{epochs} rekeys were seen");
        Assert.Equal(4 * perThread, opened.Count);
        Assert.All(opened.Values, count => Assert.Equal(1, count));
    }

    private static long Measure(SessionEngine from, SessionEngine to, PeerId peer, int rounds)
    {
        Span<byte> payload = stackalloc byte[256];
        Span<byte> envelope = stackalloc byte[256 + SessionEngine.EnvelopeOverhead];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < rounds; i++)
        {
            Assert.True(from.TrySeal(peer, payload, envelope, out var written));
            Assert.True(to.TryOpen(envelope[..written], payload, out _, out _));
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

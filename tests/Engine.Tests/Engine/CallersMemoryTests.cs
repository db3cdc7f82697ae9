namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: awaited calls into the caller's memory do what those into arrays do, and allocate nothing. Method: two engines that talk through the test.</summary>
public sealed class CallersMemoryTests
{
    private static readonly byte[] Payload = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    [Fact]
    public async Task Awaited_calls_into_the_callers_memory_allocate_nothing_in_steady_state()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        Assert.Equal("first", await bob.OpenAsync(await alice.SealAsync(bob, "first")));
        var allocated = long.MaxValue;
        for (var attempt = 0; attempt < 5 && allocated > 0; attempt++)
        {
            allocated = Measure(alice, bob, rounds: 2_000);
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task A_call_that_lacks_a_session_or_a_reservation_waits_for_it_and_keeps_to_its_memory()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var (envelope, payload) = (new byte[1_000], new byte[900]);

        var length = await alice.Engine.SealIntoAsync(bob.Id, Payload, envelope, cancellationToken: Party.Timely);
        var opened = await bob.Engine.OpenIntoAsync(envelope.AsMemory(0, length), payload, Party.Timely);

        Assert.Equal(Payload.Length + SessionEngine.EnvelopeOverhead, length);
        Assert.Equal(alice.Id, opened.Peer);
        Assert.Equal(Payload, opened.Payload.ToArray());
        Assert.True(opened.Payload.Span.Overlaps(payload));
        Assert.All(envelope.Skip(length).Concat(payload.Skip(Payload.Length)), value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task What_policy_pads_opens_to_the_payload_alone_in_the_callers_memory()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var wide = new IdentityName("wide");
        await alice.Engine.CreateIdentityAsync(wide, [Suite.MLKem1024P384]);
        await bob.Engine.CreateIdentityAsync(wide, [Suite.MLKem1024P384]);
        await alice.Engine.AddPeerAsync(Padded(bob));
        await bob.Engine.AddPeerAsync(Padded(alice));
        var (envelope, payload) = (new byte[8_192], new byte[8_192]);

        var length = await alice.Engine.SealIntoAsync(bob.Id, Payload, envelope, wide, Party.Timely);
        var opened = await bob.Engine.OpenIntoAsync(envelope.AsMemory(0, length), payload, Party.Timely);

        Assert.True(length > Payload.Length + SessionEngine.EnvelopeOverhead, $"{length} bytes are not padded");
        Assert.Equal(Payload, opened.Payload.ToArray());
        Assert.True(opened.Payload.Span.Overlaps(payload));

        NewPeer Padded(Party other) => new()
        {
            Identity = wide, Peer = other.Id, PublicDocument = other.Document(wide), Addresses = [other.Address], Template = "strict",
        };
    }

    [Fact]
    public async Task Memory_that_is_too_small_is_the_callers_error_and_uses_nothing_up()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var envelope = new byte[Payload.Length + SessionEngine.EnvelopeOverhead];
        await Assert.ThrowsAsync<ArgumentException>(async () => await alice.Engine.SealIntoAsync(bob.Id, Payload, envelope.AsMemory(1), cancellationToken: Party.Timely));
        var tooLong = new byte[SessionEngine.PayloadLengthMax + 1];
        var refused = await Assert.ThrowsAsync<EngineException>(async () => await alice.Engine.SealIntoAsync(bob.Id, tooLong, envelope, cancellationToken: Party.Timely));
        Assert.Equal(EngineErrorCode.PayloadTooLarge, refused.Code);

        await alice.Engine.SealIntoAsync(bob.Id, Payload, envelope, cancellationToken: Party.Timely);
        await Assert.ThrowsAsync<ArgumentException>(async () => await bob.Engine.OpenIntoAsync(envelope, new byte[Payload.Length - 1], Party.Timely));

        Assert.Equal(Payload, (await bob.Engine.OpenIntoAsync(envelope, new byte[Payload.Length], Party.Timely)).Payload.ToArray());
    }

    [Fact]
    public async Task An_envelope_that_is_refused_leaves_no_plaintext_in_the_callers_memory()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var (envelope, payload) = (await alice.SealAsync(bob, "once"), new byte[64]);
        Assert.Equal("once", await bob.OpenAsync(envelope));

        await RefusedAsync(envelope);       // a second time
        var forged = await alice.SealAsync(bob, "twice");
        forged[^1] ^= 1;
        await RefusedAsync(forged);

        async Task RefusedAsync(byte[] refused)
        {
            var failure = await Assert.ThrowsAsync<EngineException>(async () => await bob.Engine.OpenIntoAsync(refused, payload, Party.Timely));
            Assert.Equal(EngineErrorCode.EnvelopeRejected, failure.Code);
            Assert.All(payload, value => Assert.Equal(0, value));
        }
    }

    private static long Measure(Party from, Party to, int rounds)
    {
        var (envelope, payload) = (new byte[Payload.Length + SessionEngine.EnvelopeOverhead], new byte[Payload.Length]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < rounds; i++)
        {
            var sealing = from.Engine.SealIntoAsync(to.Id, Payload, envelope);
            Assert.True(sealing.IsCompletedSuccessfully && sealing.Result == envelope.Length, "a seal waited, or was not whole");
            var opening = to.Engine.OpenIntoAsync(envelope, payload);
            Assert.True(opening.IsCompletedSuccessfully && opening.Result.Payload.Span.SequenceEqual(Payload), "an open waited, or gave something else");
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

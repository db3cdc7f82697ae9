using System.Buffers.Binary;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>What strangers, damaged wires and hostile peers can hand the engine, and what becomes of it.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task The_local_caller_gets_stable_codes_and_the_keys_have_one()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        await bob.ConnectAsync(alice);
        var envelope = await alice.SealAsync(bob, "payload");

        await RejectsAsync(bob, envelope[..^1], EngineErrorCode.EnvelopeMalformed);
        await RejectsAsync(bob, envelope[..20], EngineErrorCode.EnvelopeMalformed);
        await RejectsAsync(bob, [], EngineErrorCode.EnvelopeMalformed);
        await RejectsAsync(bob, [.. envelope, 0], EngineErrorCode.EnvelopeMalformed);
        await RejectsAsync(bob, With(envelope, 0, 9), EngineErrorCode.EnvelopeVersionUnsupported);
        await RejectsAsync(bob, With(envelope, 3, 77), EngineErrorCode.EnvelopeSuiteUnsupported);
        await RejectsAsync(bob, With(envelope, 1, (byte)EnvelopeType.Message), EngineErrorCode.RequestInvalid);
        await RejectsAsync(alice, envelope, EngineErrorCode.EnvelopeRejected);
        for (var offset = 4; offset < envelope.Length; offset++)
        {
            if (offset is >= 40 and < 44)
            {
                continue;   // the length: malformed, seen above
            }

            await RejectsAsync(bob, With(envelope, offset, (byte)(envelope[offset] ^ 0x80)), EngineErrorCode.EnvelopeRejected);
        }

        Assert.Equal("payload", await bob.OpenAsync(envelope));
        await RejectsAsync(bob, envelope, EngineErrorCode.EnvelopeRejected);
        Assert.Equal(EngineErrorCode.PayloadTooLarge, await Party.CodeOfAsync(
            () => alice.Engine.SealAsync(bob.Id, new byte[SessionEngine.PayloadLengthMax + 1]).AsTask()));
    }

    [Fact]
    public async Task Reordered_envelopes_open_once_each_within_the_window_and_far_sequences_do_not()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        List<byte[]> sealedOnes = [];
        for (var i = 0; i < 1_000; i++)
        {
            sealedOnes.Add(await alice.SealAsync(bob, $"{i}"));
        }

        var order = Enumerable.Range(0, 1_000).OrderBy(i => (i * 7_919) % 1_000).ToArray();
        foreach (var i in order)
        {
            Assert.Equal($"{i}", await bob.OpenAsync(sealedOnes[i]));
        }

        foreach (var i in order)
        {
            await RejectsAsync(bob, sealedOnes[i], EngineErrorCode.EnvelopeRejected);
        }

        var far = (byte[])sealedOnes[0].Clone();
        BinaryPrimitives.WriteUInt64BigEndian(far.AsSpan(32), ulong.MaxValue - 1);
        await RejectsAsync(bob, far, EngineErrorCode.EnvelopeRejected);
        Assert.Equal("after", await bob.OpenAsync(await alice.SealAsync(bob, "after")));
    }

    [Fact]
    public async Task Mutated_wire_traffic_of_every_kind_is_survived_in_silence()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        await alice.ConnectAsync(bob);
        await alice.Engine.RekeyAsync(bob.Id);
        await Party.UntilAsync(async () => (await alice.PeerAsync(bob)).Epoch == 1);
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        byte[][] captured = [];
        await Party.UntilAsync(() =>
        {
            captured = [.. alice.Sent, .. bob.Sent];
            return Task.FromResult(captured.Select(envelope => envelope[1]).ToHashSet().IsSupersetOf([16, 17, 5, 4, 2, 3]));
        });

        var random = new Random(4_711);
        foreach (var engine in (SessionEngine[])[alice.Engine, bob.Engine])
        {
            foreach (var envelope in captured.GroupBy(one => one[1]).SelectMany(kind => kind.Take(3)))
            {
                for (var i = 0; i < 40; i++)
                {
                    var reply = await engine.AcceptEnvelopeAsync(Mutate(envelope, random), "memory://fuzz", Party.Timely);
                    Assert.True(reply.IsEmpty || reply.Span[1] == (byte)EnvelopeType.CookieChallenge);
                }

                await engine.AcceptEnvelopeAsync(envelope, "memory://replay", Party.Timely);
            }
        }

        await alice.SendAsync(bob, "two");
        await bob.SendAsync(alice, "back");
        Assert.Equal(["two"], await bob.ReceiveAsync(1));
        Assert.Equal(["back"], await alice.ReceiveAsync(1));
        Assert.Equal("volatile", await bob.OpenAsync(await alice.SealAsync(bob, "volatile")));
    }

    [Fact]
    public async Task A_flood_of_unknown_receiver_indices_leaves_traffic_alone()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "first");
        Assert.Equal(["first"], await bob.ReceiveAsync(1));
        var real = alice.Sent.First(envelope => envelope[1] == (byte)EnvelopeType.Message);
        var random = new Random(1);
        await Parallel.ForAsync(0, 5_000, async (i, cancellationToken) =>
        {
            var forged = (byte[])real.Clone();
            BinaryPrimitives.WriteUInt64BigEndian(forged.AsSpan(4), ((ulong)(i % 3) << 48) | (uint)(i + 1));
            await bob.Engine.AcceptEnvelopeAsync(forged, "memory://flood", cancellationToken);
        });

        await alice.SendAsync(bob, "second");
        Assert.Equal(["second"], await bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task Under_a_handshake_flood_a_pinned_peer_still_connects_by_its_cookie_and_the_gate_opens_again()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(
            options =>
            {
                options.Handshake.HalfOpenMax = 40;
                options.Handshake.HalfOpenPerSourceMax = 20;
            },
            time);
        await using var _a = alice;
        await using var _b = bob;
        bob.Passes = static _ => false;
        var connecting = alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(!alice.Sent.IsEmpty));
        // Its answer is lost too, not held up: else it could arrive once the way is open, and no cookie would be needed.
        await Party.UntilAsync(() => Task.FromResult(bob.Sent.Any(envelope => envelope[1] == (byte)EnvelopeType.Handshake2)));
        alice.Sent.TryPeek(out var message1);
        var isChallenged = 0;
        for (var i = 0; i < 100; i++)
        {
            var forged = With(message1!, 2_000 + i, (byte)~message1![2_000 + i]);
            var reply = await bob.Engine.AcceptEnvelopeAsync(forged, $"10.0.0.{i}:1");
            isChallenged += reply.IsEmpty ? 0 : 1;
        }

        Assert.True(isChallenged >= 75, $"{isChallenged} of 100 were asked for a cookie");
        Assert.Empty(await AcceptAsync(bob, With(message1!, 3_000, (byte)~message1![3_000]), "alone", cookie: [.. new byte[32]]));
        bob.Passes = static _ => true;
        await CompletesAsync(connecting, alice, bob, time);
        Assert.Contains(alice.Sent, envelope => envelope[1] == (byte)EnvelopeType.CookieAnswer);

        time.Advance(TimeSpan.FromSeconds(30));
        var later = await bob.Engine.AcceptEnvelopeAsync(With(message1!, 2_500, (byte)~message1![2_500]), "10.1.1.1:1");
        Assert.True(later.IsEmpty, "the flood is over: no cookie is asked for");
    }

    [Fact]
    public async Task Strangers_and_suspended_peers_get_silence_and_no_session()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(time: time);
        await using var _a = alice;
        await using var _b = bob;
        await bob.Engine.RemovePeerAsync(alice.Id);
        var connecting = alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(connecting.IsCompleted), () => time.Advance(TimeSpan.FromMilliseconds(200)));
        Assert.Equal(EngineErrorCode.HandshakeTimedOut, await Party.CodeOfAsync(() => connecting));
        Assert.Empty(bob.Sent);

        await bob.KnowAsync(alice);
        await bob.Engine.SuspendPeerAsync(alice.Id);
        connecting = alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(connecting.IsCompleted), () => time.Advance(TimeSpan.FromMilliseconds(200)));
        Assert.Equal(EngineErrorCode.HandshakeTimedOut, await Party.CodeOfAsync(() => connecting));
        Assert.Empty(bob.Sent);
        Assert.Equal(EngineErrorCode.PeerSuspended, await Party.CodeOfAsync(() => bob.SendAsync(alice, "no")));
        Assert.Equal(EngineErrorCode.PeerSuspended, await Party.CodeOfAsync(() => bob.SealAsync(alice, "no").AsTask()));

        await bob.Engine.ResumePeerAsync(alice.Id);
        connecting = alice.ConnectAsync(bob);
        await CompletesAsync(connecting, alice, bob, time);
    }

    /// <summary>Lets time pass slowly enough for both engines to do their work in between.</summary>
    private static async Task CompletesAsync(Task task, Party alice, Party bob, ManualTime time)
    {
        while (!task.IsCompleted)
        {
            for (var i = 0; i < 500 && !task.IsCompleted; i++)
            {
                await alice.PeerAsync(bob);
                await bob.PeerAsync(alice);
            }

            time.Advance(TimeSpan.FromMilliseconds(300));
        }

        await task;
    }

    private static async Task<byte[]> AcceptAsync(Party party, byte[] message1, string source, byte[] cookie)
    {
        EnvelopeHeader.TryReadEnvelope(message1, out var header, out _);
        var answerHeader = Kyberium.Engine.Sessions.Handshake.HandshakeHeaders.Answer(header);
        var answer = new byte[answerHeader.EnvelopeLength];
        answerHeader.Write(answer);
        new CookieAnswer(cookie, message1).Write(answer.AsSpan(EnvelopeHeader.Size));
        return (await party.Engine.AcceptEnvelopeAsync(answer, source)).ToArray();
    }

    private static async Task RejectsAsync(Party party, byte[] envelope, EngineErrorCode expected)
    {
        var code = await Party.CodeOfAsync(() => party.Engine.OpenAsync(envelope, Party.Timely).AsTask());
        Assert.True(code == expected, $"{code} instead of {expected} for {Convert.ToHexStringLower(envelope)}");
        Assert.False(party.Engine.TryOpen(envelope, new byte[envelope.Length + 64], out var _, out var _));
    }

    private static byte[] With(byte[] envelope, int offset, byte value)
    {
        var changed = (byte[])envelope.Clone();
        changed[offset] = value;
        return changed;
    }

    private static byte[] Mutate(byte[] envelope, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                return envelope[..random.Next(envelope.Length)];
            case 1:
                return [.. envelope, .. new byte[random.Next(1, 64)]];
            case 2:
                return With(envelope, 1, (byte)random.Next(24));
            case 3:
                return With(envelope, random.Next(EnvelopeHeader.Size), (byte)random.Next(256));
            default:
                var bit = random.Next(envelope.Length * 8);
                return With(envelope, bit / 8, (byte)(envelope[bit / 8] ^ (1 << (bit % 8))));
        }
    }
}

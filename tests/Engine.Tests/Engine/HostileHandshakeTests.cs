using System.Buffers.Binary;
using System.Collections.Concurrent;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Handshake messages and records that are damaged, taken from another session or numbered ahead: silence, and the real one still works.</summary>
public sealed class HostileHandshakeTests
{
    /// <summary>Goal: who damages a message on its way cannot end the attempt either. Method: the message is held back, damaged copies are
    /// handed over in its place, then it is itself.</summary>
    [Theory]
    [InlineData((byte)EnvelopeType.Handshake1)]
    [InlineData((byte)EnvelopeType.Handshake2)]
    [InlineData((byte)EnvelopeType.Confirm)]
    public async Task Damaged_copies_of_a_handshake_message_are_met_with_silence_and_the_real_one_completes_it(byte type)
    {
        var (alice, bob) = await Party.PairAsync(options => options.Handshake.Timeout = TimeSpan.FromSeconds(60));
        await using var _a = alice;
        await using var _b = bob;
        var held = new ConcurrentQueue<(Party Sender, byte[] Envelope)>();
        foreach (var party in (Party[])[alice, bob])
        {
            party.Passes = envelope =>
            {
                if (envelope[1] == type)
                {
                    held.Enqueue((party, envelope));
                    return false;
                }

                return true;
            };
        }

        var connecting = alice.ConnectAsync(bob);
        await Party.UntilAsync(() => Task.FromResult(!held.IsEmpty));
        held.TryPeek(out var first);
        var receiver = first.Sender == alice ? bob : alice;
        // Every byte of the header, then a sample of the rest with the last, the tag's, in it.
        foreach (var offset in Enumerable.Range(0, EnvelopeHeader.Size)
            .Concat(Enumerable.Range(0, 40).Select(i => EnvelopeHeader.Size + (i * (first.Envelope.Length - EnvelopeHeader.Size - 1) / 39))))
        {
            var damaged = (byte[])first.Envelope.Clone();
            damaged[offset] ^= 0x40;
            Assert.True(await IsSilentAsync(receiver, damaged), $"byte {offset} of type {type}");
        }

        foreach (var length in (int[])[0, 1, EnvelopeHeader.Size - 1, EnvelopeHeader.Size, first.Envelope.Length - 1])
        {
            Assert.True(await IsSilentAsync(receiver, first.Envelope[..length]), $"cut to {length}");
        }

        Assert.True(await IsSilentAsync(receiver, [.. first.Envelope, 0]), "one byte too many");
        Assert.True(await IsSilentAsync(first.Sender, first.Envelope), "sent back to its sender");
        Assert.False(connecting.IsCompleted);

        alice.Passes = static _ => true;
        bob.Passes = static _ => true;
        await receiver.Engine.AcceptEnvelopeAsync(first.Envelope, "memory://late", Party.Timely);
        await connecting;
        Assert.Equal("through", await bob.OpenAsync(await alice.SealAsync(bob, "through")));
        await bob.SendAsync(alice, "back");
        Assert.Equal(["back"], await alice.ReceiveAsync(1));
    }

    [Fact]
    public async Task A_cookie_challenge_or_answer_that_nobody_asked_for_changes_nothing()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        var message1 = alice.Sent.First(envelope => envelope[1] == (byte)EnvelopeType.Handshake1);
        foreach (var type in (EnvelopeType[])[EnvelopeType.CookieChallenge, EnvelopeType.CookieAnswer])
        {
            var forged = (byte[])message1.Clone();
            forged[1] = (byte)type;
            Assert.True(await IsSilentAsync(bob, forged));
            Assert.True(await IsSilentAsync(alice, forged));
        }

        Assert.Equal("still", await bob.OpenAsync(await alice.SealAsync(bob, "still")));
    }

    [Fact]
    public async Task An_envelope_of_one_peer_does_not_open_as_another_s_however_its_header_is_dressed()
    {
        var network = new InMemoryNetwork();
        await using var bob = new Party("bob", network);
        await using var alice = new Party("alice", network);
        await using var carol = new Party("carol", network);
        foreach (var party in (Party[])[bob, alice, carol])
        {
            await party.StartAsync();
            await party.Engine.CreateIdentityAsync(IdentityName.Default);
        }

        foreach (var party in (Party[])[alice, carol])
        {
            await party.KnowAsync(bob);
            await bob.KnowAsync(party);
            await party.ConnectAsync(bob);
        }

        var ofAlice = await alice.SealAsync(bob, "of alice");
        var ofCarol = await carol.SealAsync(bob, "of carol");
        // Receiver index, epoch, incarnation and sequence of alice's session before carol's sealed body.
        byte[] dressed = [.. ofAlice[..EnvelopeHeader.Size], .. ofCarol[EnvelopeHeader.Size..]];
        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => bob.OpenAsync(dressed)));
        dressed = (byte[])ofCarol.Clone();
        ofAlice.AsSpan(4, 8).CopyTo(dressed.AsSpan(4));     // the receiver index alone
        Assert.Equal(EngineErrorCode.EnvelopeRejected, await Party.CodeOfAsync(() => bob.OpenAsync(dressed)));

        Assert.Equal(carol.Id, (await bob.Engine.OpenAsync(ofCarol, Party.Timely)).Peer);
        Assert.Equal(alice.Id, (await bob.Engine.OpenAsync(ofAlice, Party.Timely)).Peer);
    }

    [Fact]
    public async Task Records_of_the_link_that_are_replayed_renumbered_or_damaged_are_not_accepted_twice_and_lose_nothing()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        var record = alice.Sent.First(envelope => envelope[1] == (byte)EnvelopeType.Message);
        for (var offset = 0; offset < record.Length; offset++)
        {
            var damaged = (byte[])record.Clone();
            damaged[offset] ^= 0x01;
            Assert.True(await IsSilentAsync(bob, damaged), $"byte {offset}");
        }

        foreach (var sequence in (ulong[])[1UL << 20, 1UL << 40, ulong.MaxValue])
        {
            var ahead = (byte[])record.Clone();
            BinaryPrimitives.WriteUInt64BigEndian(ahead.AsSpan(32), sequence);
            Assert.True(await IsSilentAsync(bob, ahead));
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.True(await IsSilentAsync(bob, record));
        }

        await alice.SendAsync(bob, "two");
        Assert.Equal(["two"], await bob.ReceiveAsync(1));
        Assert.Equal(2UL, (await bob.PeerAsync(alice)).AcceptedThrough);
        Assert.Equal(0, (await bob.PeerAsync(alice)).InboxCount);
    }

    private static async Task<bool> IsSilentAsync(Party party, byte[] envelope) =>
        (await party.Engine.AcceptEnvelopeAsync(envelope, "memory://hostile", Party.Timely)).IsEmpty;
}

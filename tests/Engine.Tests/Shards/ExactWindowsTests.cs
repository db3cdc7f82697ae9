using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Windows stored as they stood. Goal: what was opened stays refused and nothing else, and no owner takes windows that an owner since may
/// have opened past (decision 0009).</summary>
public sealed class ExactWindowsTests
{
    private static readonly Incarnation One = new(1, 1);
    private static readonly Incarnation Other = new(1, 2);
    private static readonly Fence Owner = new(5);

    private readonly ResidentPeer _peer = Peer();

    [Fact]
    public void A_peer_without_windows_has_nothing_to_store()
    {
        Assert.Equal(UInt128.Zero, ExactWindows.Write(new StateWriter(), Owner, _peer));
        Assert.False(ExactWindows.Changed(_peer));
    }

    [Fact]
    public void Windows_read_are_those_written_and_told_from_others_whoever_owns_them()
    {
        Open(_peer, One, 3);
        var stored = Stored(_peer, out var digest);
        Assert.NotEqual(UInt128.Zero, digest);
        Assert.Equal(digest, ExactWindows.Read(stored, Owner)!.Digest);
        Assert.Equal(digest, ExactWindows.Write(new StateWriter(), new Fence(9), _peer));
        Open(_peer, One, 4);
        Assert.NotEqual(digest, ExactWindows.Write(new StateWriter(), Owner, _peer));
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public void Windows_of_before_the_last_owner_that_ended_in_a_crash_are_not_taken(long exactFrom, bool taken)
    {
        Open(_peer, One, 3);
        Assert.Equal(taken, ExactWindows.Read(Stored(_peer, out _), new Fence(exactFrom)) is not null);
    }

    [Fact]
    public void What_is_no_stored_window_is_refused_and_said()
    {
        Open(_peer, One, 3);
        var stored = Stored(_peer, out _);
        Assert.Contains("2", Assert.Throws<StateFormatException>(() => ExactWindows.Read((byte[])[2, .. stored[1..]], Owner)).Message, StringComparison.Ordinal);
        stored[^17] ^= 0x80;        // the window's end, beyond any sequence
        Assert.Contains("window", Assert.Throws<StateFormatException>(() => ExactWindows.Read(stored, Owner)).Message, StringComparison.Ordinal);
        Assert.Throws<StateFormatException>(() => ExactWindows.Read((byte[])[.. Stored(Peer(), out _), 0], Owner));
    }

    [Fact]
    public void A_restored_window_refuses_what_was_opened_and_nothing_else()
    {
        Open(_peer, One, 3, 5);
        var next = Peer(One);
        var windows = ExactWindows.Read(Stored(_peer, out _), Owner)!;
        windows.Restore(Traffic(next), TrafficLimits.Default);
        var entry = Assert.Single(Traffic(next).Receiving.OpenIncarnations.ToArray());
        Assert.Equal([true, true, true, false, true, false, true], Enumerable.Range(0, 7).Select(sequence => entry.Window.IsFresh((ulong)sequence)));
        Assert.Equal(65_536UL, entry.ReservedEnd);      // as far as the facts reserved, which may be further than the window knew

        windows.Restore(Traffic(Peer(One)), TrafficLimits.Default);     // taken once
        Assert.Equal(0, Traffic(Peer(One)).Receiving.OpenIncarnationCount);
    }

    [Fact]
    public void A_window_that_the_facts_do_not_know_or_that_has_no_place_is_left_out()
    {
        Open(_peer, One, 3);
        Open(_peer, Other, 3);
        var stored = Stored(_peer, out _);
        var knowing = Peer(Other);
        ExactWindows.Read(stored, Owner)!.Restore(Traffic(knowing), TrafficLimits.Default);
        Assert.Equal(Other, Assert.Single(Traffic(knowing).Receiving.OpenIncarnations.ToArray()).Id);

        var narrow = new TrafficLimits { OpenIncarnationsMax = 1 };
        var full = Peer(narrow, One, Other);
        ExactWindows.Read(stored, Owner)!.Restore(Traffic(full), narrow);
        Assert.Equal(One, Assert.Single(Traffic(full).Receiving.OpenIncarnations.ToArray()).Id);
    }

    [Fact]
    public void Traffic_is_closed_only_over_the_windows_in_the_store()
    {
        Open(_peer, One, 3);
        Assert.True(ExactWindows.Changed(_peer));
        Assert.False(ExactWindows.TryClose(_peer));
        Assert.False(Traffic(_peer).IsDisposed);
        _peer.StoredWindows = ExactWindows.Write(new StateWriter(), Owner, _peer);
        Assert.False(ExactWindows.Changed(_peer));
        Assert.True(ExactWindows.TryClose(_peer));
        Assert.True(Traffic(_peer).IsDisposed);
        Assert.False(Monitor.IsEntered(Traffic(_peer).Gate));
    }

    private static byte[] Stored(ResidentPeer peer, out UInt128 digest)
    {
        var writer = new StateWriter();
        digest = ExactWindows.Write(writer, Owner, peer);
        Assert.False(Monitor.IsEntered(Traffic(peer).Gate));
        return writer.Written.ToArray();
    }

    private static void Open(ResidentPeer peer, Incarnation incarnation, params ulong[] sequences)
    {
        var receiving = Traffic(peer).Receiving;
        receiving.ApplyReservation(incarnation, 10);
        foreach (var entry in receiving.OpenIncarnations)
        {
            foreach (var sequence in entry.Id == incarnation ? sequences : [])
            {
                entry.Window.Mark(sequence);
            }
        }
    }

    private static EpochTraffic Traffic(ResidentPeer peer) => (EpochTraffic)peer.State.Sessions[0].Current.Traffic!;

    private static ResidentPeer Peer(params Incarnation[] reserved) => Peer(TrafficLimits.Default, reserved);

    // In memory with a session of one epoch, and a store and a shard that nobody asks.
    private static ResidentPeer Peer(TrafficLimits limits, params Incarnation[] reserved)
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")));
        var epoch = EpochState.Of(
            new NewEpoch(
                new SessionId(1, 2), new Epoch(3), new byte[64], EpochSecrets.Restore(new SeededEntropy(1).Bytes(EpochSecrets.Size)),
                ReceiverIndex.Of(1, 1), ReceiverIndex.Of(2, 2)),
            isInitiator: true, Suite.MLKem512, new MonotonicMillis(0));
        var session = new SessionState
        {
            Id = new SessionId(1, 2), IsInitiator = true, Suite = Suite.MLKem512, Local = Fingerprint.Of([1]), Remote = Fingerprint.Of([2]), Current = epoch,
        };
        foreach (var incarnation in reserved)
        {
            session.Current.Reservations.Set(incarnation, 65_535);
        }

        state.Sessions.Add(session);
        var peer = new ResidentPeer(null!, state, new PeerHash(1), vault: null) { Owner = null! };
        session.Current.Traffic = new EpochTraffic(peer, epoch, limits, AeadProvider.Platform, new SeededEntropy(2));
        return peer;
    }
}

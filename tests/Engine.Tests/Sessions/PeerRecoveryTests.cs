using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>What a peer that was read from its store begins with, and what is erased of work that came to nothing.</summary>
public sealed class PeerRecoveryTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void A_loaded_peer_tells_what_the_engine_has_to_know()
    {
        _world.Send(B, "waits for its handler");
        _world.Run();
        Restart(A);
        Assert.Contains(A.Told, effect => effect is PeerEffect.InboxReady);
        Assert.Contains(A.Told, effect => effect is PeerEffect.SendingChanged);
        Assert.Equal([A.State.Sending!.Current], A.Told.OfType<PeerEffect.Watch>().Select(watch => watch.Epoch));
        Assert.Equal([A.State.Sending.Current.LocalIndex], A.Listening.Select(one => one.Index));
    }

    [Fact]
    public void A_loaded_peer_without_messages_or_sessions_tells_nothing()
    {
        var world = World.Create(new WorldOptions());
        Restart(world.A, world);
        Assert.Empty(world.A.Told);
    }

    [Fact]
    public void A_loaded_peer_acknowledges_again_what_it_had_accepted()
    {
        _world.Send(B, "one");
        _world.Deliver(_world.Take(B, EnvelopeType.Message)[0]);
        _world.Network.Clear();         // its acknowledgement is lost
        Restart(A);
        Assert.Single(_world.Take(A, EnvelopeType.Acknowledge));
    }

    [Fact]
    public void A_loaded_peer_watches_the_epoch_that_waits_to_be_used_too()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        Restart(A);
        var session = A.State.Sending!;
        Assert.Equal([session.Current, session.Pending!], A.Told.OfType<PeerEffect.Watch>().Select(watch => watch.Epoch));
    }

    [Fact]
    public void The_initiator_that_restarts_drops_the_epoch_before_in_180_s_and_says_settled_once_more()
    {
        Rekeyed();
        Restart(A);
        Assert.Equal(_world.Now + 180_000, A.State.Sending!.PreviousDropAt.Value);
        _world.Network.Clear();
        _world.Now += 180_000;
        _world.Do(A, new PeerCommand.Tick());
        Assert.Null(A.State.Sending.Previous);
        Assert.True(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)).Bytes.IsEmpty);
    }

    [Fact]
    public void The_second_settled_notice_frees_a_responder_that_missed_the_first()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Previous is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        Assert.True(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)).Bytes.IsEmpty);    // the first is lost
        _world.Run();
        Assert.NotNull(B.State.Sending!.Previous);
        Assert.Equal(MonotonicMillis.Never, B.State.Sending.PreviousDropAt);
        _world.Pass(180_000);
        Assert.Null(A.State.Sending.Previous);
        Assert.NotNull(B.State.Sending.Previous);
        _world.Pass(180_000);
        Assert.Null(B.State.Sending.Previous);
    }

    [Fact]
    public void The_second_settled_notice_of_a_responder_frees_the_sessions_initiator()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        while (B.State.Sending!.Id == B.State.Sessions[0].Id)
        {
            _world.Deliver(_world.Network[0]);
        }

        Assert.True(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)).Bytes.IsEmpty);    // its "settled" is lost
        _world.Run();
        Assert.Equal(2, A.State.Sessions.Count);
        _world.Pass(400_000);
        Assert.Single(B.State.Sessions);
        Assert.Single(A.State.Sessions);
        Assert.Equal(A.State.Sending!.Id, B.State.Sending!.Id);
    }

    [Fact]
    public void A_superseded_session_survives_the_restart_of_either_side_and_still_goes_once_its_successor_is_used()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        while (B.State.Sessions.Count < 2)
        {
            _world.Deliver(_world.Network[0]);
        }

        var old = B.State.Sending!.Id;
        var young = B.State.Sessions[1].Id;
        Restart(B);
        Assert.Equal(old, B.State.Sending!.Id);
        Assert.True(B.State.Sessions[1].AwaitsUse);
        Assert.False(B.State.Sessions[0].AwaitsUse);
        _world.Run();
        _world.Send(A, "in the new one");
        _world.Pass(200_000);
        Assert.Equal([young], B.State.Sessions.Select(session => session.Id));
        Assert.Equal(["in the new one"], B.Inbox());
        Restart(A);
        Restart(B);
        Assert.Equal([young], A.State.Sessions.Select(session => session.Id));
    }

    [Fact]
    public void A_session_older_than_the_one_that_sends_does_not_take_over_after_a_restart()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        Assert.Equal(2, B.State.Sessions.Count);
        var sending = B.State.Sending!.Id;
        Assert.Equal(B.State.Sessions[1].Id, sending);
        Restart(B);
        Assert.DoesNotContain(B.State.Sessions, session => session.AwaitsUse);
        var older = B.State.Sessions[0];
        _world.Do(B, new PeerCommand.Record(older.Current.LocalIndex, EnvelopeType.Data, default));
        Assert.Equal(sending, B.State.Sending!.Id);
    }

    [Fact]
    public void A_session_that_ends_gives_way_to_the_youngest_that_still_opens()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        var (older, younger) = (A.State.Sessions[0], A.State.Sessions[1]);
        PeerFacts.Apply(A.State, new PeerEvent.SessionRetired(younger.Id));
        Assert.Same(older, A.State.Sending);
        Assert.False(older.Superseded);
        PeerFacts.Apply(A.State, new PeerEvent.SessionRetired(older.Id));
        Assert.Null(A.State.Sending);
    }

    [Fact]
    public void A_session_that_only_opens_ends_and_the_one_that_sends_stays()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        var (older, younger) = (A.State.Sessions[0], A.State.Sessions[1]);
        Assert.Equal((true, false), (older.Superseded, younger.Superseded));
        PeerFacts.Apply(A.State, new PeerEvent.SessionRetired(older.Id));
        Assert.Same(younger, A.State.Sending);
    }

    [Fact]
    public void A_session_counts_as_used_by_the_peer_that_began_it_once_it_is_seen_in_it()
    {
        var fresh = World.Create(new WorldOptions());
        fresh.Do(fresh.A, new PeerCommand.Connect(Fresh: false));
        while (fresh.B.State.Sending is null)
        {
            fresh.Deliver(fresh.Network[0]);
        }

        Assert.True(fresh.B.State.Sending!.Unproved);
        fresh.Run();
        Assert.False(fresh.B.State.Sending.Unproved);
        Assert.False(Side.Fold(fresh.B.Durable).Sending!.Unproved);
        Assert.False(fresh.A.State.Sending!.Unproved);
    }

    [Fact]
    public void A_reservation_is_kept_with_its_epoch_and_one_of_an_epoch_that_is_gone_is_nothing()
    {
        var incarnation = Incarnation.Read(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 });
        _world.Do(B, new PeerCommand.Reserve(B.State.Sending!.Current.LocalIndex, incarnation, 99));
        _world.Do(B, new PeerCommand.Reserve(new ReceiverIndex(12_345), incarnation, 7));
        Assert.Equal([(incarnation, 99UL)], B.State.Sending.Current.Reservations.Entries.ToArray());
        Assert.Equal([(incarnation, 99UL)], Side.Fold(B.Durable).Sending!.Current.Reservations.Entries.ToArray());
    }

    [Fact]
    public void What_nobody_waits_for_any_more_is_erased()
    {
        var (initiator, responder) = (new Erased.Initiator(), new Erased.Responder());
        var (finished, answered) = (Epoch(), Epoch());
        var task = new HandshakeTask.Start(Suite.MLKem768P256, default, new Pin(default, default, false), Base: null);
        _world.Do(A, new PeerCommand.HandshakeComputed(task, new HandshakeResult.Started(initiator, default, default)));
        _world.Do(A, new PeerCommand.HandshakeComputed(task, new HandshakeResult.Finished(finished, default)));
        _world.Do(A, new PeerCommand.HandshakeComputed(task, new HandshakeResult.Answered(answered, default)));
        _world.Do(A, new PeerCommand.HandshakeComputed(task, HandshakeResult.Failed.Instance));
        _world.Do(A, new PeerCommand.Forget());
        _world.Do(A, new PeerCommand.Handshake1(responder, Suite.MLKem768P256, default, default, default, "link"));

        Assert.True(initiator.IsErased);
        Assert.True(responder.IsErased);
        Assert.Throws<ObjectDisposedException>(() => finished.Secrets.Reveal().Length);
        Assert.Throws<ObjectDisposedException>(() => answered.Secrets.Reveal().Length);
    }

    private void Rekeyed()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Run();
        Assert.NotNull(A.State.Sending!.Previous);
    }

    private void Restart(Side side, World? world = null)
    {
        side.Told.Clear();
        (world ?? _world).Crash(side);
        (world ?? _world).Flush(side);
    }

    private static NewEpoch Epoch() => new(default, default, default, SymbolicSecrets.Of(1), default, default);

    private static class Erased
    {
        internal sealed class Initiator : InitiatorHandshake
        {
            internal bool IsErased { get; private set; }

            public override void Dispose() => IsErased = true;
        }

        internal sealed class Responder : ResponderHandshake
        {
            internal bool IsErased { get; private set; }

            public override void Dispose() => IsErased = true;
        }
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>What a session that is followed by another leaves behind, and what the engine is told of it; the marks that outlive a process.</summary>
public sealed class SuccessionTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void The_first_session_sends_at_once_on_both_sides_and_both_know_who_began_it()
    {
        Assert.All([A, B], side => Assert.False(side.State.Sending!.AwaitsUse));
        Assert.All([A, B], side => Assert.Equal(A.Context.LocalIdentities[0], side.State.Sending!.InitiatorFingerprint));
    }

    [Fact]
    public void Whoever_turns_to_a_new_session_goes_on_watching_the_one_before_and_awaits_nothing()
    {
        var before = B.State.Sending!.Current;
        B.Told.Clear();
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        Assert.NotEqual(before, B.State.Sending!.Current);
        Assert.False(B.State.Sending.AwaitsUse);
        Assert.Contains(B.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == before);
    }

    [Fact]
    public void A_record_in_the_session_before_makes_the_peers_hold_of_the_new_one_doubtful_since_then()
    {
        _world.Do(A, new PeerCommand.Record(A.State.Sending!.Current.LocalIndex, EnvelopeType.Data, default));
        var before = B.State.Sending!.Current;
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        Assert.Null(B.State.SendingDoubtedSince);
        B.Told.Clear();
        _world.Now += 1_000;
        _world.Do(B, new PeerCommand.Record(before.LocalIndex, EnvelopeType.Data, default));
        Assert.Equal(_world.Now, B.State.SendingDoubtedSince?.Value);
        Assert.Contains(B.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == B.State.Sending!.Current);
    }

    [Fact]
    public void A_silent_session_is_watched_for_the_record_that_ends_the_doubt()
    {
        A.Told.Clear();
        _world.Do(A, new PeerCommand.Unheard(A.State.Sending!.Current.LocalIndex));
        Assert.Contains(A.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == A.State.Sending!.Current);
    }

    [Fact]
    public void A_new_session_forgets_how_often_rekeys_of_the_last_came_to_nothing()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.RekeyFailures == 0)
        {
            _world.Network.Clear();
            _world.Tick(A);
        }

        Assert.Equal(1, A.State.RekeyFailures);
        Assert.True(A.State.RekeyAt.Value > _world.Now);
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        Assert.Equal(0, A.State.RekeyFailures);
        Assert.Equal(default, A.State.RekeyAt);
    }

    [Fact]
    public void Sessions_that_are_dropped_are_reported()
    {
        A.Told.Clear();
        _world.Do(A, new PeerCommand.Close());
        Assert.True(A.Reported(PeerReport.SessionClosed));
    }

    [Fact]
    public void An_age_counts_from_when_it_was_known_and_never_backwards()
    {
        var epoch = A.State.Sending!.Current;
        (epoch.AgeMillis, epoch.AgeKnownAt) = (500, new MonotonicMillis(10_000));
        Assert.Equal(500, epoch.AgeAt(new MonotonicMillis(9_000)));
        Assert.Equal(500, epoch.AgeAt(new MonotonicMillis(10_000)));
        Assert.Equal(2_500, epoch.AgeAt(new MonotonicMillis(12_000)));
    }

    [Fact]
    public void A_silent_span_grows_with_looks_that_follow_each_other_and_begins_anew_after_a_pause_or_a_clock_that_went_back()
    {
        const long Long = PeerLimits.UnheardMillis;
        var first = default(UnheardSpan).Through(new UnixMillis(5_000_000));
        Assert.Equal(new UnheardSpan(5_000, 5_000), first);
        Assert.False(first.IsLong);
        Assert.Equal(new UnheardSpan(5_000, 5_000), first.Through(new UnixMillis(5_000_999)));

        var later = first.Through(new UnixMillis(5_000_000 + Long));
        Assert.Equal(new UnheardSpan(5_000, 5_000 + (uint)(Long / 1_000)), later);
        Assert.True(later.IsLong);
        Assert.False(first.Through(new UnixMillis(4_999_000 + Long)).IsLong);

        var paused = first.Through(new UnixMillis(5_001_000 + Long));
        Assert.Equal(paused.LastSeconds, paused.FirstSeconds);
        Assert.Equal(new UnheardSpan(4_999, 4_999), first.Through(new UnixMillis(4_999_000)));
        Assert.Equal(new UnheardSpan(1, 1), default(UnheardSpan).Through(new UnixMillis(-7)));
    }

    [Fact]
    public void Erasing_a_peer_erases_whatever_was_under_way()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        var restart = (IErased)world.A.State.Handshakes!.Restart!.Handshake!;
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        var half = Assert.Single(world.B.State.Handshakes!.HalfOpen).Epoch.Secrets;
        world.A.State.Erase();
        world.B.State.Erase();
        Assert.True(restart.IsErased);
        AssertErased(half);

        world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        world.Deliver(Assert.Single(world.Take(world.B, EnvelopeType.Handshake2)));
        var confirming = world.A.State.Handshakes!.Restart!.Confirming!.Secrets;
        world.A.State.Erase();
        AssertErased(confirming);
    }

    [Fact]
    public void Erasing_a_peer_erases_its_rekey_and_every_epoch()
    {
        _world.Do(A, new PeerCommand.Rekey());
        var rekey = (IErased)A.State.Handshakes!.Rekey!.Handshake!;
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)));
        var half = B.State.Handshakes!.HalfOpenRekey!.Epoch.Secrets;
        EpochSecrets[] current = [A.State.Sending!.Current.Secrets, B.State.Sending!.Current.Secrets];
        A.State.Erase();
        B.State.Erase();
        Assert.True(rekey.IsErased);
        AssertErased(half);
        Assert.All(current, AssertErased);
    }

    [Fact]
    public void Erasing_a_peer_erases_what_a_stranger_is_being_answered_with()
    {
        var world = World.Create(new WorldOptions { ComputesAtOnce = false });
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Compute(world.A);
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        var answering = Assert.Single(world.B.State.Handshakes!.Answering);
        var opened = (IErased)((HandshakeTask.Answer)answering.Task).Opened;
        world.B.State.Erase();
        Assert.True(opened.IsErased);
    }

    private static void AssertErased(EpochSecrets secrets) => Assert.Throws<ObjectDisposedException>(() => SymbolicSecrets.KeyOf(secrets));
}

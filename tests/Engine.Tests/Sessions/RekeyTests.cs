using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Rules 1 to 5 of the rekey, one story each (PROTOCOL section 2, kind 1).</summary>
public sealed class RekeyTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void Rule_1_the_initiator_keeps_sealing_under_n_until_the_peer_uses_the_next()
    {
        var current = A.State.Sending!.Current;
        Pending();
        _world.Send(A, "under n");
        var message = Assert.Single(_world.Take(A, EnvelopeType.Message));
        Assert.Equal(SymbolicSecrets.KeyOf(current.Secrets), message.Key);
        Assert.True(current.Secrets.HasRoot);
        Assert.Contains(A.Durable, fact => fact is PeerEvent.EpochPending);
    }

    [Fact]
    public void A_rekey_that_a_side_cannot_answer_since_its_identity_gave_way_leads_to_a_session_with_the_new_one()
    {
        var rotated = Fingerprint.Of("rotated"u8);
        _world.Do(A, new PeerCommand.AddPin(new Pin(rotated, default, Proved: false)));
        B.Context.Identities = [rotated];
        _world.Do(A, new PeerCommand.Rekey());
        _world.Run();
        Assert.Equal(rotated, A.State.Sending!.Remote);
        Assert.Equal(rotated, Assert.Single(A.State.Pins).Fingerprint);
        _world.Send(A, "over the new one");
        _world.Run();
        Assert.Equal(["over the new one"], B.Inbox());
    }

    [Fact]
    public void Rule_2_a_newer_message_1_replaces_the_half_open_rekey()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(_world.Network[0]);
        var first = B.State.Handshakes!.HalfOpenRekey!.Epoch;
        _world.Network.Clear();
        _world.Crash(A);
        _world.Network.Clear();
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(_world.Network[0]);
        Assert.NotEqual(first.LocalIndex, B.State.Handshakes!.HalfOpenRekey!.Epoch.LocalIndex);
        _world.Run();
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
    }

    [Fact]
    public void Rule_3_the_responder_commits_at_the_confirm_erases_the_root_and_answers_repeats()
    {
        var previous = B.State.Sending!.Current;
        Pending();
        var confirm = Assert.Single(_world.Take(A, EnvelopeType.Confirm));
        _world.Deliver(confirm);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
        Assert.False(previous.Secrets.HasRoot);
        Assert.Single(_world.Take(B, EnvelopeType.Confirm));
        _world.Deliver(confirm);
        Assert.Single(_world.Take(B, EnvelopeType.Confirm));
    }

    [Fact]
    public void Rule_4_any_record_under_the_pending_epoch_commits_it_and_both_drop_n_in_time()
    {
        Pending();
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Confirm)));
        _world.Take(B, EnvelopeType.Confirm);
        _world.Send(B, "data");
        _world.Run();
        Assert.Equal(1u, A.State.Sending!.Current.Number.Value);
        Assert.NotNull(A.State.Sending.Previous);
        _world.Pass(181_000);
        Assert.Null(A.State.Sending.Previous);
        Assert.Null(B.State.Sending!.Previous);
    }

    [Fact]
    public void Rule_4_a_volatile_record_is_told_to_the_machine_and_commits_too()
    {
        Pending();
        var pending = A.State.Sending!.Pending!;
        Assert.Contains(A.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == pending);
        _world.Network.Clear();
        _world.Do(A, new PeerCommand.Record(pending.LocalIndex, EnvelopeType.Data, default));
        Assert.Same(pending, A.State.Sending.Current);
    }

    [Fact]
    public void Rule_4_a_responder_that_restarts_keeps_n_until_the_peer_is_seen_in_the_next()
    {
        Pending();
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Confirm)));
        _world.Network.Clear();
        _world.Crash(B);
        _world.Network.Clear();
        _world.Now += 400_000;
        _world.Do(B, new PeerCommand.Tick());
        Assert.NotNull(B.State.Sending!.Previous);
        _world.Send(A, "still under n");
        _world.Pass(1_000);
        Assert.Equal(["still under n"], B.Inbox());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rule_5_both_start_and_one_epoch_results(bool isALower)
    {
        var world = Pair.Connected(new WorldOptions { IsALower = isALower });
        world.Do(world.A, new PeerCommand.Rekey());
        world.Do(world.B, new PeerCommand.Rekey());
        world.Run();
        Assert.Equal(1u, world.A.State.Sending!.Current.Number.Value);
        Assert.Equal(
            SymbolicSecrets.KeyOf(world.A.State.Sending.Current.Secrets),
            SymbolicSecrets.KeyOf(world.B.State.Sending!.Current.Secrets));
    }

    [Fact]
    public void A_pending_epoch_whose_half_was_lost_is_replaced_even_while_messages_flow()
    {
        Pending();
        _world.Network.Clear();
        _world.Crash(B);        // its half-open rekey is gone: the confirm never opens
        for (var i = 0; i < 30; i++)
        {
            _world.Send(A, $"{i}");
            _world.Pass(10_000);
        }

        Assert.Null(A.State.Sending!.Pending);
        Assert.Equal(1u, A.State.Sending.Current.Number.Value);
        Assert.Equal(30, B.Inbox().Length);
    }

    [Fact]
    public void Age_starts_a_rekey_at_the_initiator_first()
    {
        var limits = WorldOptions.Limits;
        Assert.Equal(A.State.Sending!.Current.AgeKnownAt.Value + limits.EpochAgeMillis, A.Deadline.Value);
        Assert.True(B.Deadline.Value > A.Deadline.Value);
        _world.Pass(limits.EpochAgeMillis + 1_000);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
        Assert.False(B.State.Sending.Current.IsInitiator);
    }

    private void Pending()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Whoever wants the next epoch gets it, whatever became of an attempt; A's fingerprint is the lower one (PROTOCOL section 2, kind 1).</summary>
public sealed class NextEpochTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void The_lower_side_whose_pending_epoch_lost_its_half_hears_its_peers_wish_within_seconds()
    {
        PendingAtA();
        CrashQuietly(B);        // its half-open rekey is gone: the confirm never opens
        CrashQuietly(A);
        _world.Do(B, new PeerCommand.Rekey());
        _world.Pass(5_000);
        Assert.Equal(1u, A.State.Sending!.Current.Number.Value);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
    }

    [Fact]
    public void A_pending_epoch_whose_half_was_lost_is_replaced_even_by_a_side_that_restarts_every_minute()
    {
        PendingAtA();
        CrashQuietly(B);
        CrashQuietly(A);
        _world.Pass(60_000);
        Assert.Null(A.State.Sending!.Pending);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
    }

    [Fact]
    public void A_limits_wish_outlives_the_peers_attempt_that_superseded_its_own_and_came_to_nothing()
    {
        _world.Do(B, new PeerCommand.RekeyDue(B.State.Sending!.Current.LocalIndex));
        _world.Take(B, EnvelopeType.RekeyCarrier);
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)));
        Assert.Null(B.State.Handshakes!.Rekey);         // rule 5
        CrashQuietly(A);                                // and what it had asked for, is forgotten
        _world.Pass(200_000);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
    }

    [Fact]
    public void A_wish_that_came_true_starts_nothing_more()
    {
        _world.Do(A, new PeerCommand.RekeyDue(A.State.Sending!.Current.LocalIndex));
        _world.Do(B, new PeerCommand.RekeyDue(B.State.Sending!.Current.LocalIndex));
        _world.Pass(3_600_000);
        Assert.Equal(1u, A.State.Sending!.Current.Number.Value);
        Assert.Equal(1u, B.State.Sending!.Current.Number.Value);
    }

    [Fact]
    public void A_rekey_that_cannot_be_computed_is_tried_again_with_growing_waits()
    {
        var world = Pair.Connected(new WorldOptions { ComputesAtOnce = false });
        world.Now += WorldOptions.Limits.EpochAgeMillis;
        var waits = new List<long>();
        for (var attempt = 0; attempt < 8; attempt++)
        {
            world.Tick(world.A);
            var task = Assert.Single(world.A.Computes);
            world.A.Computes.Clear();
            world.Do(world.A, new PeerCommand.HandshakeComputed(task, HandshakeResult.Failed.Instance));
            Assert.Empty(world.A.Computes);
            waits.Add(world.A.Deadline.Value - world.Now);
        }

        Assert.Equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000], waits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Past_the_age_limit_a_session_whose_identity_is_gone_is_followed_by_one_with_the_newer(bool onePinsIt)
    {
        var newer = Fingerprint.Of("newer"u8);
        A.Context.Identities = [newer];
        if (onePinsIt)
        {
            _world.Do(B, new PeerCommand.AddPin(new Pin(newer, default, Proved: false)));
        }

        var limit = WorldOptions.Limits.EpochAgeMillis;
        var ticks = 0;
        for (var end = _world.Now + limit + 600_000; _world.Run() is var world; ticks++)
        {
            var next = A.Deadline.Value <= B.Deadline.Value ? A : B;
            if (next.Deadline.Value > end || ticks == 2_000)
            {
                break;
            }

            world.Tick(next);
        }

        Assert.InRange(ticks, 1, 600);
        Assert.Equal(onePinsIt, A.State.Sending!.Local == newer);
        Assert.Equal(0u, A.State.Sending.Current.Number.Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]     // volatile records only: nothing of them is ever answered
    public void A_peer_that_lost_the_session_that_sends_is_noticed_although_another_session_is_in_use(bool sendsMessages)
    {
        var world = World.Create(new WorldOptions());
        var (a, b) = (world.A, world.B);
        world.Do(a, new PeerCommand.Connect(Fresh: false));
        world.Deliver(Assert.Single(world.Take(a, EnvelopeType.Handshake1)));
        world.Now += 5_000;
        world.Do(b, new PeerCommand.Connect(Fresh: false));
        var message1 = Assert.Single(world.Take(b, EnvelopeType.Handshake1));
        world.Deliver(Assert.Single(world.Take(b, EnvelopeType.Handshake2)));
        var confirm = Assert.Single(world.Take(a, EnvelopeType.Confirm));
        world.Deliver(message1);
        world.Deliver(Assert.Single(world.Take(a, EnvelopeType.Handshake2)));
        world.Now += 5_000;
        world.Do(a, new PeerCommand.Tick());
        world.Take(a, EnvelopeType.Handshake1);
        world.Take(a, EnvelopeType.Confirm);
        Assert.Null(a.State.Handshakes?.Restart?.Confirming);   // its time ran out, and the peer commits only now
        world.Deliver(confirm);
        world.Run();
        Assert.Equal(2, b.State.Sessions.Count);
        Assert.Single(a.State.Sessions);
        if (!sendsMessages)
        {
            Assert.Contains(b.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch.LocalIndex == a.State.Sending!.Current.RemoteIndex);
            world.Do(b, new PeerCommand.Record(a.State.Sending!.Current.RemoteIndex, EnvelopeType.Data, default));
            world.Pass(1_200_000);
            Assert.True(a.Opens(b.State.Sending!.Current.RemoteIndex, SymbolicSecrets.KeyOf(b.State.Sending.Current.Secrets)));
            return;
        }

        world.Send(a, "to b");
        world.Send(b, "to a");
        world.Pass(1_200_000);
        Assert.Equal(["to a"], a.Inbox());
        Assert.Equal(["to b"], b.Inbox());
        Assert.Equal(0, a.State.Outgoing.Count);
        Assert.Equal(0, b.State.Outgoing.Count);
    }

    [Fact]
    public void A_caller_waits_for_the_next_epoch_and_no_longer_than_a_handshake_may_take()
    {
        Assert.Equal(new PeerReply(null, 0), _world.Do(A, new PeerCommand.AwaitNextEpoch(A.State.Sending!.Current.LocalIndex)));
        _world.Network.Clear();
        while (!A.Told.Exists(effect => effect is PeerEffect.EpochWaitEnded))
        {
            _world.Tick(A);
            _world.Network.Clear();
        }

        var old = A.State.Sending!.Current.LocalIndex;
        Assert.Equal(new PeerReply(null, 0), _world.Do(A, new PeerCommand.AwaitNextEpoch(old)));
        A.Told.Clear();
        _world.Pass(1_000);     // whoever waits does not wait for a repetition that is minutes away
        Assert.Contains(A.Told, effect => effect is PeerEffect.SendingChanged);
        Assert.DoesNotContain(A.Told, effect => effect is PeerEffect.EpochWaitEnded);
        Assert.Equal(1ul, _world.Do(A, new PeerCommand.AwaitNextEpoch(old)).Number);
    }

    private void PendingAtA()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        _world.Network.Clear();
    }

    private void CrashQuietly(Side side)
    {
        _world.Crash(side);
        _world.Network.Clear();
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>An attempt at a rekey: when it repeats and ends, what it leaves, and who is told; A's fingerprint is the lower one.</summary>
public sealed class RekeyAttemptTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void Message_1_goes_out_again_later_and_later_and_ends_after_180_s()
    {
        var start = _world.Now;
        _world.Do(A, new PeerCommand.Rekey());
        var handshake = (IErased)A.State.Handshakes!.Rekey!.Handshake!;
        var attempt = A.State.Handshakes.Rekey;
        var sent = new List<long>();
        while (A.State.Handshakes?.Rekey == attempt)
        {
            if (_world.Take(A, EnvelopeType.RekeyCarrier).Count > 0)
            {
                sent.Add(_world.Now - start);
            }

            Assert.Equal(start, A.State.RekeyUnansweredSince?.Value);
            _world.Tick(A);
        }

        Assert.Equal([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500, 63_500, 123_500], sent);
        Assert.Equal(180_000, _world.Now - start);
        Assert.True(handshake.IsErased);
        Assert.Equal(1, A.State.RekeyFailures);
    }

    [Fact]
    public void A_rekey_is_reported_by_both_sides_and_leaves_no_half()
    {
        _world.Do(A, new PeerCommand.Rekey());
        var handshake = (IErased)A.State.Handshakes!.Rekey!.Handshake!;
        A.Told.Clear();
        B.Told.Clear();
        _world.Run();
        Assert.True(handshake.IsErased);
        Assert.True(A.Reported(PeerReport.Rekeyed));
        Assert.True(B.Reported(PeerReport.Rekeyed));
        Assert.Null(A.State.Handshakes);
        Assert.Null(B.State.Handshakes);
        Assert.Null(A.State.RekeyUnansweredSince);
        Assert.All([A, B], side => Assert.Contains(side.Told, effect => effect is PeerEffect.SendingChanged));
        Assert.Contains(B.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == B.State.Sending!.Current);
    }

    [Fact]
    public void A_message_in_flight_under_n_goes_out_again_under_the_next_epoch()
    {
        _world.Send(A, "one");
        _world.Take(A, EnvelopeType.Message);
        _world.Do(A, new PeerCommand.Rekey());
        _world.Run();
        Assert.Equal(["one"], B.Inbox());
    }

    [Fact]
    public void A_copy_of_message_1_gets_the_same_message_2_before_the_confirm_and_a_confirm_after_it()
    {
        _world.Do(A, new PeerCommand.Rekey());
        var message1 = Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier));
        _world.Deliver(message1);
        var first = Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier));
        _world.Deliver(message1);
        Assert.True(first.Bytes.Span.SequenceEqual(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)).Bytes.Span));

        _world.Deliver(first);
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Confirm)));
        _world.Take(B, EnvelopeType.Confirm);
        _world.Deliver(message1);
        Assert.Single(_world.Take(B, EnvelopeType.Confirm));
        _world.Run();
    }

    [Fact]
    public void A_copy_of_a_message_1_that_is_being_answered_costs_nothing()
    {
        var world = Connected(computesAtOnce: false);
        world.Do(world.A, new PeerCommand.Rekey());
        world.Compute(world.A);
        var message1 = Assert.Single(world.Take(world.A, EnvelopeType.RekeyCarrier));
        world.Deliver(message1);
        world.Deliver(message1);
        Assert.Single(world.B.Computes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_new_session_ends_the_rekey_of_the_one_before(bool isHalfOpen)
    {
        _world.Do(A, new PeerCommand.Rekey());
        var handshake = (IErased)A.State.Handshakes!.Rekey!.Handshake!;
        var message1 = Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier));
        if (isHalfOpen)
        {
            _world.Deliver(message1);
            _world.Take(B, EnvelopeType.RekeyCarrier);
            Assert.NotNull(B.State.Handshakes?.HalfOpenRekey);
        }

        _world.Do(B, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        Assert.Null(A.State.Handshakes?.Rekey);
        Assert.Null(B.State.Handshakes?.HalfOpenRekey);
        Assert.True(handshake.IsErased);
    }

    [Fact]
    public void An_answer_that_was_being_made_for_a_session_that_ended_is_erased()
    {
        var world = Connected(computesAtOnce: false);
        world.Do(world.A, new PeerCommand.Rekey());
        world.Compute(world.A);
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.RekeyCarrier)));
        world.Do(world.B, new PeerCommand.Suspend());
        world.Network.Clear();
        Assert.Null(world.B.State.Handshakes?.AnsweringRekey);
        world.Compute(world.B);
        Assert.Empty(world.Network);
        Assert.Empty(world.B.Listening);
        Assert.Null(world.B.State.Handshakes);
    }

    [Fact]
    public void A_message_2_for_a_session_that_ended_makes_no_epoch()
    {
        var world = Connected(computesAtOnce: false);
        world.Do(world.A, new PeerCommand.Rekey());
        world.Compute(world.A);
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.RekeyCarrier)));
        world.Compute(world.B);
        world.Deliver(Assert.Single(world.Take(world.B, EnvelopeType.RekeyCarrier)));
        Assert.Single(world.A.Computes);
        world.Do(world.A, new PeerCommand.Suspend());
        world.Compute(world.A);
        Assert.Null(world.A.State.Handshakes);
        Assert.Empty(world.A.Listening);
        Assert.DoesNotContain(world.A.Durable, fact => fact is PeerEvent.EpochPending);
    }

    [Fact]
    public void An_unanswered_confirm_starts_a_new_message_1_at_its_first_repetition_after_10_s()
    {
        PendingAtA();
        var start = _world.Now;
        var confirmed = new List<long>();
        while (A.State.Handshakes?.Rekey is null)
        {
            if (_world.Take(A, EnvelopeType.Confirm).Count > 0)
            {
                confirmed.Add(_world.Now - start);
            }

            _world.Network.Clear();
            _world.Tick(A);
        }

        Assert.Equal([0, 500, 1_500, 3_500, 7_500], confirmed);
        Assert.Equal(15_500, _world.Now - start);
        Assert.NotNull(A.State.Sending!.Pending);
    }

    [Fact]
    public void A_pending_epoch_that_is_replaced_is_listened_for_no_more()
    {
        PendingAtA();
        var replaced = A.State.Sending!.Pending!;
        _world.Network.Clear();
        while (A.State.Handshakes?.Rekey is null)
        {
            _world.Network.Clear();
            _world.Tick(A);
        }

        while (A.State.Sending.Pending == replaced)
        {
            _world.Deliver(Assert.Single(_world.Network, packet => packet.Type == EnvelopeType.RekeyCarrier));
            _world.Take(A, EnvelopeType.Confirm);
        }

        Assert.False(A.Opens(replaced.LocalIndex, SymbolicSecrets.KeyOf(replaced.Secrets)));
        Assert.Null(A.State.Handshakes);
        Assert.Null(Promises.Tables(A));
    }

    [Fact]
    public void What_was_reserved_of_an_epoch_before_its_confirm_is_durable_with_it()
    {
        var incarnation = Incarnation.Read(Enumerable.Range(1, 16).Select(value => (byte)value).ToArray());
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)));
        _world.Do(B, new PeerCommand.Reserve(B.State.Handshakes!.HalfOpenRekey!.Epoch.LocalIndex, incarnation, 64));
        Assert.DoesNotContain(B.Durable, fact => fact is PeerEvent.ReservationMade);
        _world.Run();
        Assert.Equal([64UL], Side.Fold(B.Durable).Sending!.Current.Reservations.Entries.ToArray().Select(entry => entry.Through));
    }

    [Fact]
    public void A_second_rekey_drops_the_epoch_before_the_last_at_once_on_both_sides()
    {
        for (var number = 1u; number <= 3; number++)
        {
            _world.Do(A, new PeerCommand.Rekey());
            _world.Run();       // checks that exactly what is held is listened for
            Assert.Equal(number, A.State.Sending!.Current.Number.Value);
            Assert.Equal(number - 1, B.State.Sending!.Previous!.Number.Value);
        }
    }

    [Fact]
    public void The_lower_side_that_is_asked_for_what_it_has_asked_for_repeats_it_now_and_answers_nothing()
    {
        _world.Do(A, new PeerCommand.Rekey());
        for (var repetition = 0; repetition < 3; repetition++)
        {
            _world.Network.Clear();
            _world.Tick(A);
        }

        _world.Network.Clear();
        _world.Now += 1_000;
        Assert.True(A.Deadline.Value > _world.Now);
        _world.Do(B, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)));
        Assert.True(A.Deadline.Value <= _world.Now);
        Assert.Null(A.State.Handshakes!.HalfOpenRekey);
        _world.Tick(A);
        Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier));
    }

    [Theory]
    [InlineData(499, false)]
    [InlineData(500, true)]
    public void A_pending_epoch_whose_half_the_peer_lost_is_replaced_once_its_confirm_had_the_time_of_a_repetition(long wait, bool isReplaced)
    {
        PendingAtA();
        _world.Crash(B);
        _world.Network.Clear();
        _world.Now += wait;
        _world.Do(B, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)));
        Assert.Equal(isReplaced, A.State.Handshakes?.Rekey is not null);
        Assert.Null(A.State.Handshakes?.HalfOpenRekey);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_starts_its_own_rekey_gives_up_what_it_has_answered_only_if_it_is_the_lower_side(bool isLower)
    {
        var (asked, asks) = isLower ? (A, B) : (B, A);
        _world.Do(asks, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(asks, EnvelopeType.RekeyCarrier)));
        var half = asked.State.Handshakes!.HalfOpenRekey!.Epoch;
        var key = SymbolicSecrets.KeyOf(half.Secrets);
        _world.Do(asked, new PeerCommand.Rekey());
        Assert.Equal(isLower, asked.State.Handshakes.HalfOpenRekey is null);
        Assert.Equal(isLower, !asked.Opens(half.LocalIndex, key));
    }

    [Fact]
    public void A_rekey_asked_for_twice_is_computed_once()
    {
        var world = Connected(computesAtOnce: false);
        world.Do(world.A, new PeerCommand.Rekey());
        world.Do(world.A, new PeerCommand.Rekey());
        Assert.Single(world.A.Computes);
    }

    [Fact]
    public void An_answer_ends_the_silence_that_its_message_1_began_and_the_confirm_begins_another()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Network.Clear();
        _world.Tick(A);
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)));
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)));
        var confirmedAt = _world.Now;
        Assert.Equal(confirmedAt, A.State.RekeyUnansweredSince?.Value);
        _world.Network.Clear();
        _world.Tick(A);
        Assert.Single(_world.Take(A, EnvelopeType.Confirm));
        Assert.Equal(confirmedAt, A.State.RekeyUnansweredSince?.Value);
    }

    [Fact]
    public void A_confirm_is_repeated_when_it_is_due_and_not_because_something_else_is()
    {
        PendingAtA();
        _world.Network.Clear();
        _world.Do(A, new PeerCommand.Tick());
        Assert.Empty(_world.Network);
    }

    [Fact]
    public void The_initiator_alone_says_settled_once_more_when_it_drops_the_epoch_before()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Run();
        _world.Now += WorldOptions.Limits.PreviousKeptMillis;
        _world.Do(A, new PeerCommand.Tick());
        _world.Do(B, new PeerCommand.Tick());
        Assert.All([A, B], side => Assert.Null(side.State.Sending!.Previous));
        Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier));
        Assert.Empty(_world.Take(B, EnvelopeType.RekeyCarrier));
    }

    [Fact]
    public void A_message_1_of_the_epoch_before_is_not_answered_by_the_side_that_made_the_current_one()
    {
        _world.Do(B, new PeerCommand.Rekey());
        var late = Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier));
        _world.Do(A, new PeerCommand.Rekey());
        _world.Run();
        _world.Deliver(late);
        Assert.Empty(_world.Network);
    }

    [Fact]
    public void The_peers_epoch_ends_a_rekey_of_ones_own_that_was_for_the_same()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.RekeyCarrier)));
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.RekeyCarrier)));
        _world.Do(B, new PeerCommand.Rekey());
        var own = (IErased)B.State.Handshakes!.Rekey!.Handshake!;
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Confirm)));
        Assert.Null(B.State.Handshakes?.Rekey);
        Assert.True(own.IsErased);
        Assert.Equal(0, B.State.RekeyFailures);
    }

    [Fact]
    public void Nothing_is_computed_for_a_rekey_under_an_identity_that_gave_way()
    {
        var world = Connected(computesAtOnce: false);
        world.A.Context.Identities = [Fingerprint.Of("newer"u8)];
        world.Do(world.B, new PeerCommand.Rekey());
        world.Compute(world.B);
        world.Deliver(Assert.Single(world.Take(world.B, EnvelopeType.RekeyCarrier)));
        Assert.DoesNotContain(world.A.Computes, task => task is HandshakeTask.AnswerRekey);
    }

    private static World Connected(bool computesAtOnce)
    {
        var world = World.Create(new WorldOptions { ComputesAtOnce = computesAtOnce });
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        return world.Run();
    }

    private void PendingAtA()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }
    }
}

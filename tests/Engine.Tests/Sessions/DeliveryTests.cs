using System.Text;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Durable messages between two real machines, one story each (PROTOCOL section 5).</summary>
public sealed class DeliveryTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void Messages_arrive_in_order_and_leave_the_outbox()
    {
        _world.Send(A, "one");
        _world.Send(A, "two");
        _world.Run();
        Assert.Equal(["one", "two"], B.Inbox());
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_duplicate_is_acknowledged_again_and_not_accepted_again()
    {
        _world.Send(A, "one");
        var message = Assert.Single(_world.Network);
        _world.Run();
        _world.Deliver(message, keep: true);
        Assert.Equal(["one"], B.Inbox());
        Assert.Single(_world.Take(B, EnvelopeType.Acknowledge));
    }

    [Fact]
    public void Early_messages_wait_for_the_missing_one()
    {
        _world.Send(A, "one");
        _world.Send(A, "two");
        _world.Send(A, "three");
        var packets = _world.Take(A, EnvelopeType.Message);
        _world.Deliver(packets[2]);
        _world.Deliver(packets[1]);
        Assert.Empty(B.Inbox());
        _world.Deliver(packets[0]);
        Assert.Equal(["one", "two", "three"], B.Inbox());
        Assert.Null(B.State.Incoming.Early);
    }

    /// <summary>Goal: what expires at its sender while the session is gone is not handed out because an early copy of it was kept.
    /// Only the sender knows the expiry, so a copy counts for two of its longest waits between copies.</summary>
    [Theory]
    [InlineData(60_000, "one", "two")]
    [InlineData(60_001, "one")]
    public void An_early_message_counts_for_a_minute_and_has_to_come_again_then(long wait, params string[] received)
    {
        _world.Send(A, "one");
        _world.Send(A, "two");
        var packets = _world.Take(A, EnvelopeType.Message);
        _world.Deliver(packets[1]);
        _world.Now += wait;
        _world.Deliver(packets[0]);
        Assert.Equal(received, B.Inbox());
        Assert.Null(B.State.Incoming.Early);

        _world.Pass(120_000);
        Assert.Equal(["one", "two"], B.Inbox());
    }

    [Fact]
    public void A_void_takes_the_place_of_an_early_message_and_no_late_copy_brings_it_back()
    {
        _world.Send(A, "one");
        _world.Send(A, "two", new UnixMillis(_world.Now + 100));
        var packets = _world.Take(A, EnvelopeType.Message);
        _world.Deliver(packets[1]);
        _world.Tick(A);     // its expiry
        _world.Tick(A);     // both go out again
        var voids = _world.Take(A, EnvelopeType.Message);
        _world.Deliver(voids[^1]);
        _world.Deliver(packets[1]);
        _world.Deliver(packets[0]);
        Assert.Equal(["one"], B.Inbox());
        Assert.Equal(3UL, B.State.Incoming.Expected);
    }

    [Fact]
    public void Early_messages_are_bounded()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { EarlyCountMax = 2 } });
        for (var i = 0; i < 6; i++)
        {
            world.Send(world.A, $"{i}");
        }

        foreach (var packet in world.Take(world.A, EnvelopeType.Message).Skip(1))
        {
            world.Deliver(packet);
        }

        Assert.Equal(2, world.B.State.Incoming.Early!.Count);
    }

    [Fact]
    public void What_is_lost_comes_again_later_and_later()
    {
        _world.Send(A, "one");
        var waits = new List<long>();
        for (var i = 0; i < 4; i++)
        {
            Assert.Single(_world.Take(A, EnvelopeType.Message));
            waits.Add(A.Deadline.Value - _world.Now);
            _world.Tick(A);
        }

        Assert.Equal([200, 400, 800, 1_600], waits);
        _world.Run();
        Assert.Equal(["one"], B.Inbox());
    }

    [Fact]
    public void Another_chain_stops_the_direction_and_keeps_the_outbox()
    {
        _world.Send(A, "one");
        var packet = Assert.Single(_world.Take(A, EnvelopeType.Message));
        Assert.True(MessageRecord.TryParse(packet.Bytes, out var message));
        _world.Deliver(packet with { Bytes = (message with { Chain = new ChainValue(0, 7) }).Encode() });
        Assert.Equal(StopReason.HistoriesDiffer, B.State.Incoming.Stopped);
        Assert.True(B.Reported(PeerReport.StreamStopped));
        Assert.Empty(_world.Network);
        Assert.Equal(1, A.State.Outgoing.Count);
    }

    [Theory]
    [InlineData(5UL, nameof(StopReason.OwnStoreRolledBack))]
    [InlineData(2UL, nameof(StopReason.OwnStoreRolledBack))]
    [InlineData(1UL, nameof(StopReason.HistoriesDiffer))]
    public void A_wrong_acknowledgement_stops_sending(ulong number, string reason)
    {
        _world.Send(A, "one");
        var acknowledgement = new Acknowledgement(A.State.Outgoing.Id, number, new ChainValue(0, 7));
        var index = A.State.Sending!.Current.LocalIndex;
        _world.Do(A, new PeerCommand.Record(index, EnvelopeType.Acknowledge, acknowledgement.Encode()));
        Assert.Equal(reason, A.State.Outgoing.Stopped.ToString());
        Assert.Equal(1, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_receiver_rolled_back_stops_instead_of_losing()
    {
        var before = B.Durable.Count;
        _world.Send(A, "one");
        _world.Run();
        _world.RollBack(B, before, isNoticed: false);
        _world.Send(A, "two");
        _world.Run();
        Assert.Equal(StopReason.OwnStoreRolledBack, B.State.Incoming.Stopped);
        Assert.Equal(1, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_sender_rolled_back_stops_when_its_peer_knows_more()
    {
        var before = A.Durable.Count;
        _world.Send(A, "one");
        _world.Run();
        _world.RollBack(A, before, isNoticed: false);
        _world.Run();
        _world.Send(A, "other");
        _world.Run();
        Assert.NotNull(A.State.Outgoing.Stopped);
        Assert.Equal(["one"], B.Inbox());
    }

    [Fact]
    public void A_clone_that_ran_beside_is_found_by_the_chain()
    {
        _world.Send(A, "one");
        _world.Run();
        var length = A.Durable.Count;
        _world.Send(A, "original");
        _world.Run();
        _world.RollBack(A, length, isNoticed: false);
        _world.Send(A, "clone");
        _world.Send(A, "clone again");
        _world.Run();
        Assert.Equal(StopReason.HistoriesDiffer, B.State.Incoming.Stopped ?? A.State.Outgoing.Stopped);
        Assert.DoesNotContain("clone", B.Inbox());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_expired_message_leaves_the_chain_valid(bool wasAccepted)
    {
        _world.Send(A, "old", new UnixMillis(_world.Now + 100));
        var packet = Assert.Single(_world.Take(A, EnvelopeType.Message));
        if (wasAccepted)
        {
            _world.Deliver(packet);
            Assert.Single(_world.Take(B, EnvelopeType.Acknowledge));
        }

        _world.Now += 100;
        _world.Do(A, new PeerCommand.Tick());
        Assert.True(A.State.Outgoing[1].IsVoid);
        _world.Send(A, "new");
        _world.Pass(5_000);
        Assert.Equal(wasAccepted ? ["old", "new"] : ["new"], B.Inbox());
        Assert.Equal(0, A.State.Outgoing.Count);
        Assert.Null(B.State.Incoming.Stopped);
    }

    [Fact]
    public void What_expired_while_a_side_was_away_does_not_go_out_when_it_comes_back()
    {
        _world.Send(A, "old", new UnixMillis(_world.Now + 100));
        _world.Network.Clear();
        _world.Now += 100;
        _world.Crash(A);
        _world.Send(A, "new");      // the first turn, before any tick
        _world.Run();
        Assert.Equal(["new"], B.Inbox());
        Assert.True(A.Reported(PeerReport.MessageExpired));
    }

    [Fact]
    public void A_full_outbox_pushes_back()
    {
        var world = Pair.Connected(new WorldOptions { LimitsA = WorldOptions.Limits with { OutboxCountMax = 1 } });
        world.Send(world.A, "one");
        Assert.Equal(EngineErrorCode.OutboxFull, world.Send(world.A, "two").Error);
        world.Run();
        Assert.Null(world.Send(world.A, "two").Error);
    }

    [Fact]
    public void A_full_inbox_is_not_acknowledged_until_there_is_room()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { InboxCountMax = 1 } });
        world.Send(world.A, "one");
        world.Send(world.A, "two");
        world.Run();
        Assert.Equal(["one"], world.B.Inbox());
        Assert.Equal(1, world.A.State.Outgoing.Count);
        world.Do(world.B, new PeerCommand.Handled(world.B.State.Incoming.Id, 1));
        world.Pass(5_000);
        Assert.Equal(["two"], world.B.Inbox());
        Assert.Equal(0, world.A.State.Outgoing.Count);
    }

    [Fact]
    public void A_full_inbox_does_not_look_like_a_lost_session()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { InboxCountMax = 1 } });
        var (session, epoch) = (world.A.State.Sending!.Id, world.A.State.Sending.Current.Number);
        world.Send(world.A, "one");
        world.Send(world.A, "two");
        world.Pass(2 * 3_600_000);
        Assert.Equal((session, epoch), (world.A.State.Sending!.Id, world.A.State.Sending.Current.Number));
        Assert.Equal(["one"], world.B.Inbox());

        world.Do(world.B, new PeerCommand.Handled(world.B.State.Incoming.Id, 1));
        world.Pass(60_000);
        Assert.Equal(["two"], world.B.Inbox());
        Assert.Equal(0, world.A.State.Outgoing.Count);
    }

    [Fact]
    public void A_message_that_fails_too_often_is_set_aside_retried_or_dropped()
    {
        _world.Send(A, "bad");
        _world.Run();
        var stream = B.State.Incoming.Id;
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(_world.Do(B, new PeerCommand.Failed(stream, 1)).Error);
        }

        Assert.True(B.Reported(PeerReport.MessageSetAside));
        Assert.Equal(EngineErrorCode.MessageUnknown, _world.Do(B, new PeerCommand.Failed(stream, 1)).Error);
        Assert.Null(_world.Do(B, new PeerCommand.RetrySetAside(stream, 1)).Error);
        Assert.Equal(EngineErrorCode.MessageUnknown, _world.Do(B, new PeerCommand.DropSetAside(stream, 1)).Error);
        for (var i = 0; i < 5; i++)
        {
            _world.Do(B, new PeerCommand.Failed(stream, 1));
        }

        Assert.Null(_world.Do(B, new PeerCommand.DropSetAside(stream, 1)).Error);
        Assert.Empty(B.Inbox());
    }

    [Fact]
    public void A_new_stream_carries_over_what_is_open_and_retires_the_old()
    {
        _world.Send(A, "one");
        _world.Run();
        var old = A.State.Outgoing.Id;
        _world.Send(A, "two");
        var late = Assert.Single(_world.Take(A, EnvelopeType.Message));
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        _world.Run();
        _world.Deliver(late);
        _world.Run();
        Assert.Equal(["one", "two"], B.Inbox());
        Assert.Contains(old, B.State.Incoming.Retired);
        Assert.True(B.Reported(PeerReport.PeerStateLost));
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void What_comes_late_of_a_stream_that_an_operator_let_go_does_not_push_out_the_one_that_followed()
    {
        _world.Send(A, "one");
        var late = Assert.Single(_world.Take(A, EnvelopeType.Message));
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        var next = _world.Take(A, EnvelopeType.Message);
        _world.Deliver(late);
        LetGo();
        _world.Deliver(late);
        Assert.True(B.State.Incoming.Id.IsZero);
        _world.Deliver(Assert.Single(next));
        Assert.True(B.State.Incoming.Id.IsZero);        // which of the two is the newer a greeting tells
        _world.Run();
        Assert.Equal(A.State.Outgoing.Id, B.State.Incoming.Id);

        _world.Deliver(late);
        Assert.Equal(A.State.Outgoing.Id, B.State.Incoming.Id);
        _world.Send(A, "two");
        _world.Run();
        Assert.Equal(["one", "one", "two"], B.Inbox());
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_stream_that_an_operator_let_go_is_taken_up_again_where_the_peer_stands()
    {
        _world.Send(A, "one");
        _world.Run();
        LetGo();
        _world.Send(A, "two");
        _world.Run();
        Assert.Equal(["one", "two"], B.Inbox());
        Assert.DoesNotContain(A.State.Outgoing.Id, B.State.Incoming.Retired);
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_waits_when_a_stream_is_let_go_and_comes_again_waits_once(bool restarts)
    {
        _world.Send(A, "one");
        _world.Send(A, "two");
        foreach (var message in _world.Take(A, EnvelopeType.Message))
        {
            _world.Deliver(message);
        }

        Assert.NotEmpty(_world.Take(B, EnvelopeType.Acknowledge));      // lost, so that both come again
        B.State.Incoming.Unhandled.First!.Value.HandedOut = true;
        LetGo();
        _world.Do(B, new PeerCommand.Rekey());
        while (B.State.Incoming.Id.IsZero)
        {
            _world.Deliver(_world.Network[0]);      // taken up from number 1 on, which is yet to come
        }

        _world.Take(A, EnvelopeType.Message);
        _world.Send(A, "three");
        Assert.Equal(2UL, B.State.Incoming.WaitsThrough);
        if (restarts)
        {
            _world.Crash(B);
        }

        _world.Pass(60_000);

        Assert.Equal(["one", "two", "three"], B.Inbox());
        Assert.Equal(3, B.State.Incoming.Unhandled.Select(message => (message.Stream, message.Number)).Distinct().Count());
        Assert.Equal(!restarts, B.State.Incoming.Unhandled.First!.Value.HandedOut);
        Assert.Equal(["one", "two", "three"], Side.Fold(B.Durable).Incoming.Unhandled.Select(message => Encoding.UTF8.GetString(message.Payload.Span)));
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_side_that_was_made_anew_and_reset_before_it_met_the_peer_is_not_taken_for_one_that_went_back()
    {
        _world.Send(A, "old");
        _world.Run();
        var pins = A.State.Pins;
        _world.Do(A, new PeerCommand.Forget());
        _world.Network.Clear();
        _world.Do(A, new PeerCommand.Add(pins[0] with { Proved = false }, new FrozenPolicy("t", 1, default), ["b"], 0));
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        _world.Send(A, "new");
        _world.Run();
        Assert.Null(A.State.Outgoing.Stopped);
        Assert.Equal(["old", "new"], B.Inbox());
    }

    [Fact]
    public void A_stream_that_stands_is_left_where_it_stands_when_an_operator_wants_it_taken_up_anew()
    {
        _world.Send(A, "one");
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Message)));
        var late = _world.Take(B, EnvelopeType.Acknowledge);
        Assert.Null(_world.Do(B, new PeerCommand.ResetStream(Outgoing: false, Incoming: true)).Error);
        late.ForEach(acknowledgement => _world.Deliver(acknowledgement));
        _world.Send(A, "two");
        _world.Run();

        Assert.Equal(["one", "two"], B.Inbox());
        Assert.Null(B.State.Incoming.Stopped);
        Assert.Empty(B.State.Incoming.Retired);
    }

    /// <summary>Goal: neither a message nor an acknowledgement of a stream that is not known decides anything. Method: each names one, and no more than a
    /// rekey follows, whose greetings say where both sides stand.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_record_that_names_a_stream_never_met_has_a_greeting_asked_for(bool isMessage)
    {
        _world.Send(A, "one");
        _world.Send(B, "one");
        _world.Run();
        var (incoming, outgoing) = (B.State.Incoming.Id, B.State.Outgoing.Id);
        var unknown = new StreamId(7, 7);
        var type = isMessage ? EnvelopeType.Message : EnvelopeType.Acknowledge;
        var record = isMessage
            ? new DeliveryMessage(unknown, 5, 5, default, MessageFlags.None, "late"u8).Encode() : new Acknowledgement(unknown, 5, default).Encode();
        var index = B.State.Sending!.Current.LocalIndex;
        for (var i = 0; i < 3; i++)
        {
            _world.Do(B, new PeerCommand.Record(index, type, record));
        }

        var asked = Assert.Single(_world.Network);
        Assert.Equal((false, EnvelopeType.RekeyCarrier), (asked.FromA, asked.Type));
        _world.Run();
        Assert.Equal((incoming, outgoing), (B.State.Incoming.Id, B.State.Outgoing.Id));
        Assert.Equal((null, null), (B.State.Incoming.Stopped, B.State.Outgoing.Stopped));
        Assert.Equal(1U, B.State.Sending.Current.Number.Value);
        Assert.Equal(["one"], B.Inbox());
    }

    [Fact]
    public void A_repeated_operation_gets_its_first_answer()
    {
        var operation = Guid.Parse("11111111-0000-0000-0000-000000000000");
        Assert.Equal(1UL, _world.Send(A, "one", operation: operation).Number);
        Assert.Equal(1UL, _world.Send(A, "one", operation: operation).Number);
        _world.Run();
        Assert.Null(_world.Send(A, "one", operation: operation).Error);
        _world.Run();
        Assert.Equal(["one"], B.Inbox());
    }

    /// <summary>Goal: an outbox finds a repeated operation by table as it does by looking through, whatever happened since.</summary>
    [Fact]
    public void A_repeat_is_known_in_a_long_outbox_through_acknowledgements_and_resets()
    {
        var stream = new OutgoingStream();
        stream.Open(StreamId.Draw(new CountedEntropy(1)));
        var next = 0;
        for (var round = 0; round < 40; round++)
        {
            for (var more = (round * 37 % 50) + 1; more > 0; more--)
            {
                stream.Add(new OutgoingMessage
                {
                    Operation = OperationOf(next++), Flags = default, ChainFlags = default, Payload = new byte[] { 1 }, ExpiresAt = null,
                });
            }

            Check(stream, next);
            stream.AcknowledgeThrough(stream.LowestUnacknowledged + ((ulong)stream.Count * (ulong)(round % 5) / 4) - 1);
            Check(stream, next);
            if (round % 7 == 3)
            {
                stream.Reset(StreamId.Draw(new CountedEntropy((ulong)round + 2)));
                Check(stream, next);
            }
        }

        static Guid OperationOf(int index) => new(index + 1, 0, 0, new byte[8]);

        static void Check(OutgoingStream stream, int queued)
        {
            for (var index = 0; index < queued; index++)
            {
                var expected = 0UL;
                for (var number = stream.LowestUnacknowledged; number < stream.Next; number++)
                {
                    expected = stream[number].Operation == OperationOf(index) ? number : expected;
                }

                var known = stream.Knows(OperationOf(index), out var found);
                Assert.Equal(expected, found);
                Assert.Equal(expected != 0 || stream.Completed.Contains(OperationOf(index)), known);
            }
        }
    }

    [Fact]
    public void An_answer_older_than_a_restart_does_not_count_as_a_rollback()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Confirm)));
        var lateAnswer = Assert.Single(_world.Take(B, EnvelopeType.Confirm));      // says that B has numbered nothing yet
        _world.Send(B, "one");
        var message = Assert.Single(_world.Take(B, EnvelopeType.Message));
        _world.Crash(A);
        _world.Deliver(message);
        _world.Crash(A);
        _world.Deliver(lateAnswer);
        Assert.Null(A.State.Incoming.Stopped);
        Assert.Equal(["one"], A.Inbox());
    }

    /// <summary>Stops B's end of A's stream and has its operator let the stream go.</summary>
    private void LetGo()
    {
        var stopped = new PeerEvent.IncomingStopped(StopReason.HistoriesDiffer);
        PeerFacts.Apply(B.State, stopped);
        B.Durable.Add(stopped);
        _world.Do(B, new PeerCommand.ResetStream(Outgoing: false, Incoming: true));
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>What a record that opened says about the peer: which epoch it uses, what it has heard, and what it knows.</summary>
public sealed class PeerRecordTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void A_message_that_comes_before_the_answer_commits_the_session_and_is_taken()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        while (world.B.State.Sending is null)
        {
            world.Deliver(world.Network[0]);
        }

        world.Take(world.B, EnvelopeType.Confirm);      // the answer is lost
        world.Send(world.B, "one");
        world.Deliver(Assert.Single(world.Take(world.B, EnvelopeType.Message)));
        Assert.NotNull(world.A.State.Sending);
        Assert.Equal(["one"], world.A.Inbox());
    }

    [Fact]
    public void A_confirm_that_is_none_changes_nothing()
    {
        var before = A.Durable.Count;
        _world.Do(A, new PeerCommand.Record(A.State.Sending!.Current.LocalIndex, EnvelopeType.Confirm, new byte[5]));
        _world.Do(B, new PeerCommand.Record(B.State.Sending!.Current.LocalIndex, EnvelopeType.Confirm, new byte[5]));
        Assert.Equal(before, A.Durable.Count);
        Assert.Empty(_world.Network);
    }

    [Fact]
    public void A_repeated_confirm_does_not_count_as_use_of_the_epoch()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        var confirm = Assert.Single(_world.Take(A, EnvelopeType.Confirm));
        _world.Deliver(confirm);
        _world.Take(B, EnvelopeType.Confirm);
        _world.Deliver(confirm);
        Assert.Equal(MonotonicMillis.Never, B.State.Sending!.PreviousDropAt);
        _world.Run();
        Assert.Equal(_world.Now + 180_000, B.State.Sending.PreviousDropAt.Value);
    }

    [Theory]
    [InlineData((byte)EnvelopeType.Acknowledge)]
    [InlineData((byte)EnvelopeType.Confirm)]
    public void An_answer_in_the_session_that_sends_ends_the_silence_and_one_in_another_does_not(byte type)
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        var (older, younger) = (A.State.Sessions[0], A.State.Sessions[1]);
        Assert.Same(younger, A.State.Sending);
        A.State.RekeyUnansweredSince = new MonotonicMillis(_world.Now);
        Answer(older.Current.LocalIndex, (EnvelopeType)type);
        Assert.NotNull(A.State.RekeyUnansweredSince);
        Answer(younger.Current.LocalIndex, (EnvelopeType)type);
        Assert.Null(A.State.UnansweredSince);
    }

    [Fact]
    public void The_newest_confirms_answer_is_judged_and_an_older_ones_is_not()
    {
        _world.Do(A, new PeerCommand.Rekey());
        while (A.State.Sending!.Pending is null)
        {
            _world.Deliver(_world.Network[0]);
        }

        var greeting = GreetingRules.Make(B.State) with { NextExpected = 9 };
        var (current, pending) = (A.State.Sending.Current.LocalIndex, A.State.Sending.Pending!.LocalIndex);
        Confirm(current, greeting);
        Assert.Null(A.State.Outgoing.Stopped);
        _world.Run();
        Assert.Equal(pending, A.State.Sending.Current.LocalIndex);
        Confirm(current, greeting);                     // it is the previous one's by now
        Assert.Null(A.State.Outgoing.Stopped);
        Confirm(pending, greeting);
        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_gets_a_pin_starts_at_once_for_what_has_waited()
    {
        var world = World.Create(new WorldOptions());
        var pin = Assert.Single(world.A.State.Pins);
        world.Do(world.A, new PeerCommand.RemovePin(pin.Fingerprint));
        world.Send(world.A, "waits for a pin");
        Assert.Null(world.A.State.Handshakes);
        world.Do(world.A, new PeerCommand.AddPin(pin));
        Assert.Single(world.Take(world.A, EnvelopeType.Handshake1));
    }

    [Fact]
    public void The_fact_alone_that_a_peer_was_forgotten_leaves_no_session()
    {
        PeerFacts.Apply(A.State, new PeerEvent.Forgotten());
        Assert.Empty(A.State.Sessions);
        Assert.Null(A.State.Sending);
    }

    [Fact]
    public void An_epoch_that_the_peer_confirmed_shows_that_it_uses_the_session()
    {
        var session = B.State.Sending!;
        session.Unproved = true;
        PeerFacts.Apply(B.State, new PeerEvent.EpochAccepted(new(
            session.Id, session.Current.Number.Next, default, SymbolicSecrets.Of(7), new ReceiverIndex(70), new ReceiverIndex(71))));
        Assert.False(session.Unproved);
    }

    private void Answer(ReceiverIndex index, EnvelopeType type)
    {
        if (type == EnvelopeType.Confirm)
        {
            Confirm(index, GreetingRules.Make(B.State));
        }
        else
        {
            var acknowledgement = new Acknowledgement(A.State.Outgoing.Id, 0, A.State.Outgoing.ChainBelow);
            _world.Do(A, new PeerCommand.Record(index, type, acknowledgement.Encode()));
        }
    }

    private void Confirm(ReceiverIndex index, in DeliveryGreeting greeting) =>
        _world.Do(A, new PeerCommand.Record(index, EnvelopeType.Confirm, new ConfirmPayload(greeting).Encode()));
}

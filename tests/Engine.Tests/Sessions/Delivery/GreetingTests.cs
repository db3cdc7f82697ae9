using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Delivery;

/// <summary>Goal: a greeting stops a direction exactly when one store went back in time (PROTOCOL section 5).
/// Method: A has sent three messages, of which two were acknowledged, and taken two; B's true greeting is changed in one place.</summary>
public sealed class GreetingTests
{
    private static readonly StreamId Unknown = new(7, 7);

    private readonly World _world = Pair.Connected();
    private readonly StepOutput _output = new();

    public GreetingTests()
    {
        _world.Send(A, "one");
        _world.Send(A, "two");
        _world.Send(B, "first");
        _world.Send(B, "second");
        _world.Run();
        _world.Send(A, "three");
        Assert.Single(_world.Take(A, EnvelopeType.Message));
    }

    private Side A => _world.A;

    private Side B => _world.B;

    private DeliveryGreeting OfB => GreetingRules.Make(B.State);

    [Fact]
    public void A_greeting_says_where_both_streams_stand()
    {
        var greeting = GreetingRules.Make(A.State);

        Assert.Equal((A.State.Outgoing.Id, 3UL, 4UL), (greeting.MyStream, greeting.LowestUnacknowledged, greeting.Next));
        Assert.Equal((B.State.Outgoing.Id, 3UL), (greeting.YourStream, greeting.NextExpected));
        Assert.Equal(B.State.Outgoing.ChainBelow, greeting.Chain);
        Assert.NotEqual(default, greeting.Chain);
    }

    [Fact]
    public void A_greeting_of_a_side_that_knows_no_stream_of_the_peer_names_none()
    {
        var greeting = GreetingRules.Make(World.Create(new WorldOptions()).A.State);

        Assert.Equal((default, 0UL, default), (greeting.YourStream, greeting.NextExpected, greeting.Chain));
    }

    [Fact]
    public void A_greeting_that_says_what_is_known_changes_nothing()
    {
        Judge(OfB);
        Assert.Empty(_output.Events);
        Assert.Empty(_output.Effects);
    }

    [Fact]
    public void A_greeting_acknowledges_what_it_says_was_accepted()
    {
        Judge(OfB with { NextExpected = 4, Chain = A.State.Outgoing.ChainBefore(4) });

        Assert.Equal(3UL, Assert.IsType<PeerEvent.Acknowledged>(Assert.Single(_output.Events)).Through);
        Assert.Contains(_output.Effects, effect => effect is PeerEffect.OutboxAdvanced { Through: 3 });
    }

    [Fact]
    public void A_greeting_of_a_peer_that_took_the_stream_up_in_its_middle_acknowledges_nothing()
    {
        Judge(OfB with { NextExpected = 4, Chain = default });
        Assert.Empty(_output.Events);
    }

    [Theory]
    [InlineData(3UL)]
    [InlineData(4UL)]
    public void Another_history_of_what_was_sent_stops_sending(ulong nextExpected)
    {
        Judge(OfB with { NextExpected = nextExpected, Chain = new ChainValue(0, 7) });
        Assert.Equal(StopReason.HistoriesDiffer, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_accepted_what_was_never_numbered_stops_sending()
    {
        Judge(OfB with { NextExpected = 5 });
        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_knows_another_stream_stops_sending()
    {
        Judge(OfB with { YourStream = Unknown });
        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_knows_another_stream_does_not_stop_one_that_was_never_used()
    {
        var fresh = Pair.Connected();
        Judge(GreetingRules.Make(fresh.B.State) with { YourStream = Unknown, NextExpected = 9 }, side: fresh.A);
        Assert.Null(fresh.A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_knows_another_stream_stops_one_that_follows_a_retired_one()
    {
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        Judge(OfB with { YourStream = Unknown });
        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_peer_that_still_knows_the_retired_stream_will_take_up_the_new_one()
    {
        var before = OfB;
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        Judge(before);
        Assert.Null(A.State.Outgoing.Stopped);
        Assert.Empty(_output.Effects);
    }

    [Fact]
    public void A_peer_that_forgot_what_it_had_acknowledged_stops_sending()
    {
        Judge(OfB with { NextExpected = 2 });
        Assert.Equal(StopReason.PeerStoreRolledBack, A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_greeting_made_before_the_acknowledgement_does_not_count_as_forgetting()
    {
        Judge(OfB with { NextExpected = 2 }, Baseline with { LowestUnacknowledged = 2 });
        Assert.Empty(_output.Events);
    }

    [Fact]
    public void A_greeting_made_before_the_stream_was_started_does_not_count_as_forgetting()
    {
        Judge(OfB with { NextExpected = 2 }, Baseline with { Outgoing = Unknown });
        Assert.Empty(_output.Events);
    }

    [Theory]
    [InlineData(3UL, true, true)]
    [InlineData(2UL, true, true)]
    [InlineData(1UL, true, false)]
    [InlineData(3UL, false, false)]
    public void A_peer_that_knows_no_stream_is_reported_only_when_it_had_acknowledged_some(
        ulong lowestUnacknowledged, bool isSameStream, bool isReported)
    {
        var baseline = Baseline with { LowestUnacknowledged = lowestUnacknowledged };
        Judge(
            OfB with { YourStream = default, NextExpected = 0, Chain = default },
            isSameStream ? baseline : baseline with { Outgoing = Unknown });

        Assert.Equal(isReported, Reported(PeerReport.PeerStateLost));
        Assert.Null(A.State.Outgoing.Stopped);
    }

    [Fact]
    public void A_stream_that_stands_still_is_not_moved_by_a_greeting()
    {
        var greeting = OfB with { NextExpected = 4, Chain = A.State.Outgoing.ChainBefore(4) };
        Apply(A, new PeerEvent.OutgoingStopped(StopReason.HistoriesDiffer));
        Judge(greeting);
        Assert.Empty(_output.Events);
        Assert.Empty(_output.Effects);
    }

    [Fact]
    public void A_greeting_that_names_no_stream_of_the_peers_takes_up_none()
    {
        Judge(OfB with { MyStream = default });
        Assert.Empty(_output.Events);
    }

    [Fact]
    public void A_stream_never_met_is_taken_up_where_the_peer_holds_it_and_that_the_old_is_lost_is_reported()
    {
        Judge(OfB with { MyStream = Unknown, LowestUnacknowledged = 6, Next = 9 });

        Assert.Equal((Unknown, 6UL), (A.State.Incoming.Id, A.State.Incoming.Expected));
        Assert.Null(A.State.Incoming.Stopped);
        Assert.True(Reported(PeerReport.PeerStateLost));
    }

    [Fact]
    public void A_stream_never_met_is_left_when_the_greeting_may_be_older_than_the_stream_that_is_known()
    {
        var known = A.State.Incoming.Id;
        Judge(OfB with { MyStream = Unknown, LowestUnacknowledged = 1 }, Baseline with { IncomingTurn = A.State.Incoming.Turn - 1 });

        Assert.Equal(known, A.State.Incoming.Id);
        Assert.Empty(_output.Events);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_an_operator_let_the_stream_go_any_is_taken_up_that_the_peer_goes_on_with_since(bool isSince)
    {
        var (earlier, before) = (A.State.Incoming.Id, Baseline);
        Apply(A, new PeerEvent.IncomingAdopted(Unknown, 1));
        Apply(A, new PeerEvent.IncomingReset());
        Judge(OfB, isSince ? Baseline : before);

        Assert.Equal(isSince ? earlier : default, A.State.Incoming.Id);
        Assert.Null(A.State.Incoming.Stopped);
        Assert.Equal(isSince ? [Unknown] : [earlier, Unknown], A.State.Incoming.Retired);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_knows_another_stream_stops_sending_only_if_it_had_acknowledged_something_before(bool hadAcknowledged)
    {
        Judge(OfB with { YourStream = Unknown }, Baseline with { WasAcknowledged = hadAcknowledged });
        Assert.Equal(hadAcknowledged ? StopReason.OwnStoreRolledBack : null, A.State.Outgoing.Stopped);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_retired_stream_of_the_peers_stops_receiving_unless_it_was_left_meanwhile(bool wasLeftBefore)
    {
        var old = OfB;
        var before = Baseline;
        Apply(A, new PeerEvent.IncomingAdopted(Unknown, 1));
        Judge(old, wasLeftBefore ? Baseline : before);

        Assert.Equal(wasLeftBefore ? StopReason.PeerStoreRolledBack : null, A.State.Incoming.Stopped);
        Assert.Equal(Unknown, A.State.Incoming.Id);
    }

    [Fact]
    public void A_peer_that_was_told_of_more_than_is_known_stops_receiving()
    {
        Judge(OfB with { LowestUnacknowledged = 4, Next = 5 });
        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Incoming.Stopped);
    }

    [Fact]
    public void A_peer_that_numbers_anew_what_was_accepted_stops_receiving()
    {
        Judge(OfB with { LowestUnacknowledged = 2, Next = 2 });
        Assert.Equal(StopReason.PeerStoreRolledBack, A.State.Incoming.Stopped);
    }

    [Fact]
    public void A_greeting_made_before_the_messages_does_not_count_as_numbering_anew()
    {
        Judge(OfB with { LowestUnacknowledged = 2, Next = 2 }, Baseline with { Expected = 2 });
        Assert.Null(A.State.Incoming.Stopped);
    }

    [Fact]
    public void A_greeting_made_before_the_peers_stream_was_known_does_not_count_as_numbering_anew()
    {
        Judge(OfB with { LowestUnacknowledged = 2, Next = 2 }, Baseline with { IncomingTurn = A.State.Incoming.Turn - 1 });
        Assert.Null(A.State.Incoming.Stopped);
    }

    [Fact]
    public void What_stands_still_keeps_its_first_reason_and_is_reported_once()
    {
        Judge(OfB with { LowestUnacknowledged = 4, Next = 5 });
        Judge(OfB with { LowestUnacknowledged = 2, Next = 2 });

        Assert.Equal(StopReason.OwnStoreRolledBack, A.State.Incoming.Stopped);
        Assert.Single(_output.Effects, effect => effect is PeerEffect.Report { What: PeerReport.StreamStopped });
    }

    private GreetingBaseline Baseline => new(
        A.State.Outgoing.Id, A.State.Outgoing.LowestUnacknowledged, A.State.Outgoing.WasAcknowledged, A.State.Incoming.Turn, A.State.Incoming.Expected);

    private void Judge(in DeliveryGreeting greeting, GreetingBaseline? baseline = null, Side? side = null)
    {
        side ??= A;
        var input = _world.Input(side);
        var step = new PeerStep(side.State, side.Context, input, _output);
        GreetingRules.Judge(step, greeting, baseline ?? step.Baseline());
    }

    private static void Apply(Side side, PeerEvent fact) => PeerFacts.Apply(side.State, fact);

    private bool Reported(PeerReport what) => _output.Effects.Exists(effect => effect is PeerEffect.Report { Detail.Length: > 0 } report && report.What == what);
}

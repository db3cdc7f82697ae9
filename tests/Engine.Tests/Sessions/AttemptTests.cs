using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>An attempt at a session: when it repeats and gives up, what it leaves, and who is told (docs/formats/handshake.md, section 7).</summary>
public sealed class AttemptTests
{
    private static readonly Fingerprint Third = Fingerprint.Of("third"u8);

    private readonly World _world = World.Create(new WorldOptions());

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void Message_1_goes_out_again_later_and_later()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        var start = _world.Now;
        var sent = new List<long>();
        while (A.State.Handshakes?.Restart is not null)
        {
            if (_world.Take(A, EnvelopeType.Handshake1).Count > 0)
            {
                sent.Add(_world.Now - start);
            }

            _world.Tick(A);
        }

        Assert.Equal([0, 500, 1_500, 3_500, 7_500], sent);
        Assert.Equal(10_000, _world.Now - start);
    }

    [Fact]
    public void An_attempt_nobody_answers_leaves_nothing_and_is_told()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        var handshake = Half(A);
        _world.Take(A, EnvelopeType.Handshake1);
        _world.Now += 10_000;
        _world.Do(A, new PeerCommand.Tick());
        Assert.True(handshake.IsErased);
        Assert.Empty(A.ListeningHandshakes);
        Assert.True(A.Reported(PeerReport.HandshakeFailed));
        Assert.Contains(A.Told, effect => effect is PeerEffect.ConnectSettled { Failure: EngineErrorCode.HandshakeTimedOut });
    }

    [Fact]
    public void The_next_attempt_waits_a_second_then_twice_as_long_up_to_a_minute() =>
        Assert.Equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000], WaitsBetweenAttempts(_world));

    [Fact]
    public void The_waits_between_attempts_are_those_that_were_set()
    {
        var limits = WorldOptions.Limits with { HandshakeBackoffMillis = 3_000, HandshakeBackoffMillisMax = 20_000 };
        Assert.Equal([3_000, 6_000, 12_000, 20_000, 20_000, 20_000, 20_000], WaitsBetweenAttempts(World.Create(new WorldOptions { LimitsA = limits })));
    }

    [Fact]
    public void Attempts_take_turns_between_the_newer_pin_and_the_older()
    {
        var older = Assert.Single(A.State.Pins).Fingerprint;
        _world.Do(A, new PeerCommand.AddPin(new Pin(Third, default, Proved: false)));
        _world.Send(A, "waits for a session");
        var tried = new List<Fingerprint>();
        while (tried.Count < 4)
        {
            if (A.State.Handshakes?.Restart is { } attempt)
            {
                tried.Add(attempt.Remote);
                while (A.State.Handshakes?.Restart == attempt)
                {
                    _world.Network.Clear();
                    _world.Tick(A);
                }
            }

            _world.Tick(A);
        }

        Assert.Equal([Third, older, Third, older], tried);
    }

    [Fact]
    public void A_try_that_cannot_begin_gives_the_turn_to_the_other_pin()
    {
        var world = World.Create(new WorldOptions { LimitsA = WorldOptions.Limits with { Suites = [] } });
        world.Send(world.A, "waits");
        Assert.Equal(1, world.A.State.RestartFailures);
        world.Tick(world.A);
        Assert.Equal(2, world.A.State.RestartFailures);
        Assert.Equal(world.Now + 60_000, world.A.Deadline.Value);
    }

    [Fact]
    public void A_suspended_peer_cannot_be_connected_and_one_with_a_session_is_at_once()
    {
        Assert.Equal(new PeerReply(null), _world.Do(A, new PeerCommand.Connect(Fresh: false)));
        _world.Run();
        Assert.Equal(new PeerReply(null, 1), _world.Do(A, new PeerCommand.Connect(Fresh: false)));
        Assert.Empty(_world.Network);
        _world.Do(A, new PeerCommand.Suspend());
        Assert.Equal(EngineErrorCode.PeerSuspended, _world.Do(A, new PeerCommand.Connect(Fresh: true)).Error);
    }

    [Fact]
    public void A_peer_that_nobody_can_call_is_knocked_at_in_its_session_unless_it_is_suspended()
    {
        _world.Do(A, new PeerCommand.SetAddresses(["memory://b"]));
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Run();
        _world.Do(A, new PeerCommand.Knock());
        Assert.Same(A.State.Sending!.Current, Assert.Single(A.Told.OfType<PeerEffect.Knock>()).Epoch);
        _world.Do(A, new PeerCommand.Suspend());
        _world.Do(A, new PeerCommand.Knock());
        Assert.Null(A.State.Handshakes);
        Assert.Single(A.Told.OfType<PeerEffect.Knock>());
    }

    [Fact]
    public void Without_a_pin_nothing_is_knocked_at_and_nothing_is_waited_for()
    {
        _world.Do(A, new PeerCommand.SetAddresses(["memory://b"]));
        _world.Do(A, new PeerCommand.RemovePin(B.Context.LocalIdentities[0]));
        _world.Do(A, new PeerCommand.Knock());
        Assert.Equal((0, default), (A.State.RestartFailures, A.State.RestartAt));
    }

    [Fact]
    public void Eight_forged_answers_are_tried_for_each_repetition_and_no_more()
    {
        var world = World.Create(new WorldOptions { ComputesAtOnce = false });
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Compute(world.A);
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        world.Compute(world.B);
        var genuine = Assert.Single(world.Take(world.B, EnvelopeType.Handshake2));
        var forged = genuine with { Bytes = genuine.Bytes.ToArray() };
        System.Runtime.InteropServices.MemoryMarshal.AsMemory(forged.Bytes).Span[^1] ^= 1;
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 8; i++)
            {
                world.Deliver(forged);
                world.Compute(world.A);
            }

            world.Deliver(forged);
            Assert.Empty(world.A.Computes);
            world.Tick(world.A);
        }
    }

    [Fact]
    public void The_answer_is_judged_and_watched_before_it_is_confirmed()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Run();
        var before = A.Durable.Count;
        _world.Send(A, "one");
        _world.Run();
        _world.RollBack(A, before, isNoticed: false);
        A.Told.Clear();
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Handshake1)));
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.Handshake2)));
        Assert.NotNull(A.State.Outgoing.Stopped);
        var confirming = A.State.Handshakes!.Restart!.Confirming!;
        Assert.Contains(A.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == confirming);
    }

    [Fact]
    public void A_session_that_is_made_is_told_watched_and_leaves_no_half()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        var handshake = Half(A);
        _world.Run();
        Assert.True(handshake.IsErased);
        foreach (var side in new[] { A, B })
        {
            Assert.True(side.Reported(PeerReport.SessionEstablished));
            Assert.True(side.Reported(PeerReport.PinProved));
            Assert.False(side.Reported(PeerReport.SessionUnchained));
            Assert.Contains(side.Told, effect => effect is PeerEffect.ConnectSettled { Failure: null });
            Assert.Contains(side.Told, effect => effect is PeerEffect.SendingChanged);
            Assert.Contains(side.Told, effect => effect is PeerEffect.Watch watch && watch.Epoch == side.State.Sending!.Current);
        }

        Assert.Equal("link", Assert.Single(B.Told.OfType<PeerEffect.HandshakeCompleted>()).Source);
    }

    [Fact]
    public void The_peers_session_does_what_an_attempt_was_for_and_ends_it()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Take(A, EnvelopeType.Handshake1);
        var handshake = Half(A);
        _world.Do(B, new PeerCommand.Connect(Fresh: false));
        _world.Run();
        Assert.Null(A.State.Handshakes);
        Assert.True(handshake.IsErased);
        Assert.Equal(A.State.Sending!.Id, B.State.Sending!.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_closes_or_is_suspended_leaves_nothing_of_what_was_under_way(bool closes)
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        var handshake = Half(A);
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Handshake1)));
        Assert.Single(B.Listening);
        foreach (var side in new[] { A, B })
        {
            side.Told.Clear();
            _world.Do(side, closes ? new PeerCommand.Close() : new PeerCommand.Suspend());
            Assert.Null(side.State.Handshakes);
            Assert.Empty(side.Listening);
            Assert.Empty(side.ListeningHandshakes);
            Assert.False(side.Reported(PeerReport.SessionClosed));
            Assert.Contains(side.Told, effect => effect is PeerEffect.SendingChanged);
        }

        Assert.True(handshake.IsErased);
        Assert.Contains(A.Told, effect => effect is PeerEffect.ConnectSettled { Failure: EngineErrorCode.SessionMissing });
        Assert.DoesNotContain(A.Durable, fact => fact is PeerEvent.SessionsDropped);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_answer_that_was_being_made_for_a_peer_that_went_is_not_sent(bool isSuspended)
    {
        var world = World.Create(new WorldOptions { ComputesAtOnce = false });
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Compute(world.A);
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        world.Do(world.B, isSuspended ? new PeerCommand.Suspend() : new PeerCommand.RemovePin(world.A.Context.LocalIdentities[0]));
        world.Compute(world.B);
        Assert.Empty(world.Network);
        Assert.Null(world.B.State.Handshakes);
        Assert.Empty(world.B.Listening);
    }

    [Fact]
    public void A_removed_pin_takes_the_half_open_handshakes_of_its_key_and_leaves_the_others()
    {
        var a = A.Context.LocalIdentities[0];
        _world.Do(B, new PeerCommand.AddPin(new Pin(Third, default, Proved: false)));
        Message1(1, a);
        Message1(2, Third);
        Message1(3, a);
        Message1(4, Third);
        _world.Do(B, new PeerCommand.RemovePin(Third));
        Assert.Equal([a, a], B.State.Handshakes!.HalfOpen.Select(half => half.Remote));
        Assert.Equal(2, B.Listening.Count);
        _world.Do(B, new PeerCommand.RemovePin(a));
        Assert.Null(B.State.Handshakes);
        Assert.Empty(B.Listening);
    }

    [Fact]
    public void An_attempt_with_another_pin_goes_on_when_a_pin_is_removed()
    {
        _world.Do(A, new PeerCommand.AddPin(new Pin(Third, default, Proved: false)));
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        Assert.Equal(Third, A.State.Handshakes!.Restart!.Remote);
        _world.Do(A, new PeerCommand.RemovePin(B.Context.LocalIdentities[0]));
        Assert.NotNull(A.State.Handshakes?.Restart);
    }

    [Fact]
    public void A_confirm_under_a_pin_that_gave_way_makes_no_session()
    {
        _world.Do(B, new PeerCommand.AddPin(new Pin(Third, default, Proved: false)));
        Message1(1, Third);
        var half = Assert.Single(B.State.Handshakes!.HalfOpen);
        _world.Take(B, EnvelopeType.Handshake2);
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Run();
        Assert.Single(B.State.Pins);
        _world.Do(B, new PeerCommand.Record(
            half.Epoch.LocalIndex, EnvelopeType.Confirm, new ConfirmPayload(Kyberium.Engine.Sessions.Delivery.GreetingRules.Make(A.State)).Encode()));
        Assert.Single(B.State.Sessions);
        Assert.Single(B.Listening);
        Assert.Equal("the pin is gone", Refusal());
    }

    [Fact]
    public void A_message_1_that_is_not_answered_is_erased_and_its_refusal_says_why()
    {
        var a = A.Context.LocalIdentities[0];
        Assert.True(Message1(1, Third).IsErased);
        Assert.Equal("its document is not pinned", Refusal());
        var first = Message1(2, a);
        Assert.False(first.IsErased);
        Assert.True(Message1(2, a).IsErased);          // an identical one, which gets the same answer
        _world.Do(B, new PeerCommand.Suspend());
        B.Told.Clear();
        Assert.True(Message1(3, a).IsErased);
        Assert.Equal("the peer is suspended", Refusal());
    }

    [Fact]
    public void A_message_1_over_a_live_session_is_erased_where_the_policy_refuses_it()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { Unchained = UnchainedHandshake.Refuse } });
        Assert.True(Message1(1, world.A.Context.LocalIdentities[0], world).IsErased);
        Assert.True(world.B.Reported(PeerReport.SessionRefused));
    }

    [Fact]
    public void Four_answers_are_made_at_a_time_and_what_comes_meanwhile_is_erased()
    {
        var world = World.Create(new WorldOptions { ComputesAtOnce = false });
        var a = world.A.Context.LocalIdentities[0];
        var taken = Enumerable.Range(1, 5).Select(n => Message1(n, a, world).IsErased).ToList();
        Assert.Equal([false, false, false, false, true], taken);
        Assert.True(Message1(1, a, world).IsErased);      // a copy of one that is being answered
        Assert.Equal(4, world.B.Computes.Count);
        world.Compute(world.B);
        Assert.False(Message1(6, a, world).IsErased);
    }

    [Fact]
    public void Four_sessions_are_kept_and_the_one_that_sends_is_among_them()
    {
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Run();
        for (var i = 2; i <= 6; i++)
        {
            _world.Do(A, new PeerCommand.Connect(Fresh: true));
            _world.Run();
            Assert.Equal(Math.Min(i, 4), A.State.Sessions.Count);
            Assert.Same(A.State.Sessions[^1], A.State.Sending);
            Assert.Equal(A.State.Sending!.Id, B.State.Sending!.Id);
            Assert.True(B.Reported(PeerReport.SessionUnchained));
        }
    }

    [Fact]
    public void What_was_reserved_of_a_session_before_its_confirm_is_durable_with_it()
    {
        var incarnation = Incarnation.Read(Enumerable.Range(1, 16).Select(value => (byte)value).ToArray());
        _world.Do(A, new PeerCommand.Connect(Fresh: false));
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Handshake1)));
        var half = B.State.Handshakes!.HalfOpen[0].Epoch;
        _world.Do(B, new PeerCommand.Reserve(half.LocalIndex, incarnation, 64));
        _world.Deliver(Assert.Single(_world.Take(B, EnvelopeType.Handshake2)));
        var confirming = A.State.Handshakes!.Restart!.Confirming!;
        _world.Do(A, new PeerCommand.Reserve(confirming.LocalIndex, incarnation, 65));
        Assert.DoesNotContain(A.Durable.Concat(B.Durable), fact => fact is PeerEvent.ReservationMade);
        _world.Run();
        Assert.Equal([64UL], Side.Fold(B.Durable).Sending!.Current.Reservations.Entries.ToArray().Select(entry => entry.Through));
        Assert.Equal([65UL], Side.Fold(A.Durable).Sending!.Current.Reservations.Entries.ToArray().Select(entry => entry.Through));
    }

    private static List<long> WaitsBetweenAttempts(World world)
    {
        world.Send(world.A, "waits for a session");
        var (waits, endedAt) = (new List<long>(), 0L);
        while (waits.Count < 7)
        {
            var before = world.A.State.Handshakes?.Restart;
            world.Network.Clear();
            world.Tick(world.A);
            if (before is not null && world.A.State.Handshakes?.Restart is null)
            {
                endedAt = world.Now;
            }
            else if (before is null)
            {
                waits.Add(world.Now - endedAt);
            }
        }

        return waits;
    }

    private static IErased Half(Side side) => (IErased)side.State.Handshakes!.Restart!.Handshake!;

    private string Refusal() => B.Told.OfType<PeerEffect.Report>().Last(report => report.What == PeerReport.SessionRefused).Detail;

    private SymbolicHandshakes.Responder Message1(int n, Fingerprint from, World? world = null)
    {
        world ??= _world;
        var b = world.B.Context.LocalIdentities[0];
        var opened = new SymbolicHandshakes.Responder(
            new SymbolicMessage1(from, b, new ReceiverIndex((ulong)n), (UInt128)n, basis: null));
        world.Do(world.B, new PeerCommand.Handshake1(opened, Suite.MLKem768P256, b, from, new[] { (byte)n }, "link"));
        return opened;
    }
}

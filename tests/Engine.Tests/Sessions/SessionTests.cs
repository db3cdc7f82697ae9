using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Handshakes of kind 0, pins and what operators do to sessions, one story each.</summary>
public sealed class SessionTests
{
    private static readonly Fingerprint Third = Fingerprint.Of("third"u8);

    [Fact]
    public void Identical_message_1_gets_the_identical_message_2()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        var message1 = Assert.Single(world.Take(world.A, EnvelopeType.Handshake1));
        world.Deliver(message1);
        var first = Assert.Single(world.Take(world.B, EnvelopeType.Handshake2));
        world.Deliver(message1);
        var second = Assert.Single(world.Take(world.B, EnvelopeType.Handshake2));
        Assert.True(first.Bytes.Span.SequenceEqual(second.Bytes.Span));
        Assert.Single(world.B.State.Handshakes!.HalfOpen);
    }

    [Fact]
    public void Half_open_handshakes_are_bounded_and_a_source_pushes_out_its_own()
    {
        var world = World.Create(new WorldOptions { LimitsB = WorldOptions.Limits with { HalfOpenCountMax = 3 } });
        Knock(world, 1, "honest");
        for (var i = 2; i < 10; i++)
        {
            Knock(world, i, "noisy");
        }

        var sources = world.B.State.Handshakes!.HalfOpen.ConvertAll(half => half.Source);
        Assert.Equal(["honest", "noisy", "noisy"], sources);
        Assert.Equal(3, world.B.Listening.Count);
        world.Pass(20_000);
        Assert.Null(world.B.State.Handshakes);
        Assert.Empty(world.B.Listening);
    }

    [Fact]
    public void Nobody_is_called_who_has_no_address()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Knock());
        Assert.Null(world.A.State.Handshakes);

        world.Do(world.A, new PeerCommand.SetAddresses(["memory://b"]));
        world.Do(world.A, new PeerCommand.Knock());
        Assert.NotNull(world.A.State.Handshakes?.Restart);
    }

    [Fact]
    public void Forged_message_2s_do_not_end_an_attempt()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        var genuine = Assert.Single(world.Take(world.B, EnvelopeType.Handshake2));
        var forged = genuine.Bytes.ToArray();
        forged[^1] ^= 1;
        for (var i = 0; i < 100; i++)
        {
            world.Deliver(genuine with { Bytes = forged });
        }

        Assert.NotNull(world.A.State.Handshakes?.Restart);
        world.Pass(2_000);
        Assert.NotNull(world.A.State.Sending);
    }

    [Fact]
    public void Nothing_is_committed_before_the_confirm()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        Assert.Empty(world.B.State.Sessions);
        Assert.DoesNotContain(world.B.Durable, fact => fact is PeerEvent.SessionEstablished);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_start_at_once_and_settle_on_the_lower_fingerprints_session(bool isALower)
    {
        var world = World.Create(new WorldOptions { IsALower = isALower });
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Do(world.B, new PeerCommand.Connect(Fresh: false));
        world.Deliver(world.Network[1]);
        world.Run();
        Assert.Equal(world.A.State.Sending!.Id, world.B.State.Sending!.Id);
    }

    [Fact]
    public void The_responder_turns_to_a_new_session_only_when_it_is_used()
    {
        var world = Pair.Connected();
        var before = world.B.State.Sending!.Id;
        world.Do(world.A, new PeerCommand.Connect(Fresh: true));
        world.Deliver(world.Network[0]);
        world.Deliver(world.Network[0]);
        world.Deliver(world.Network[0]);
        Assert.Equal(2, world.B.State.Sessions.Count);
        Assert.Equal(before, world.B.State.Sending!.Id);
        world.Run();
        Assert.NotEqual(before, world.B.State.Sending!.Id);
        Assert.True(world.B.Reported(PeerReport.SessionUnchained));
        world.Send(world.A, "a");
        world.Send(world.B, "b");
        world.Pass(200_000);
        Assert.Single(world.A.State.Sessions);
        Assert.Single(world.B.State.Sessions);
    }

    [Fact]
    public void An_unchained_handshake_can_hold_messages_until_an_operator_agrees()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { Unchained = UnchainedHandshake.Hold } });
        world.Do(world.A, new PeerCommand.Connect(Fresh: true));
        world.Run();
        world.Send(world.B, "held");
        world.Pass(5_000);
        Assert.Empty(world.A.Inbox());
        world.Do(world.B, new PeerCommand.Release());
        world.Run();
        Assert.Equal(["held"], world.A.Inbox());
    }

    [Fact]
    public void An_unchained_handshake_can_be_refused()
    {
        var world = Pair.Connected(new WorldOptions { LimitsB = WorldOptions.Limits with { Unchained = UnchainedHandshake.Refuse } });
        world.Do(world.A, new PeerCommand.Connect(Fresh: true));
        world.Run();
        Assert.True(world.B.Reported(PeerReport.SessionRefused));
        Assert.Single(world.B.State.Sessions);
    }

    [Fact]
    public void Two_pins_stand_side_by_side_until_the_new_one_is_proved()
    {
        var world = World.Create(new WorldOptions());
        var remote = world.A.Context.LocalIdentities[0];
        Assert.Null(world.Do(world.B, new PeerCommand.AddPin(new Pin(Third, default, Proved: false))).Error);
        Assert.Equal(EngineErrorCode.PeerExists, world.Do(world.B, new PeerCommand.AddPin(new Pin(Third, default, false))).Error);
        Assert.Equal(EngineErrorCode.PolicyForbids, world.Do(
            world.B, new PeerCommand.AddPin(new Pin(Fingerprint.Of("fourth"u8), default, false))).Error);
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Run();
        Assert.Equal(remote, Assert.Single(world.B.State.Pins).Fingerprint);
    }

    [Fact]
    public void A_pin_that_is_removed_ends_handshakes_begun_with_it()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Deliver(world.Network[0]);
        world.Do(world.B, new PeerCommand.RemovePin(world.A.Context.LocalIdentities[0]));
        world.Run();
        Assert.Empty(world.B.State.Sessions);
        Assert.Empty(world.B.Listening);
    }

    [Fact]
    public void Without_a_pin_a_peer_waits_and_nothing_spins()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.RemovePin(world.B.Context.LocalIdentities[0]));
        Assert.Equal(EngineErrorCode.PolicyForbids, world.Do(world.A, new PeerCommand.Connect(Fresh: false)).Error);
        world.Send(world.A, "waits");
        Assert.Equal(MonotonicMillis.Never, world.A.Deadline);
    }

    [Fact]
    public void Without_a_common_suite_the_next_try_waits()
    {
        var world = World.Create(new WorldOptions { LimitsA = WorldOptions.Limits with { Suites = [] } });
        world.Send(world.A, "waits");
        Assert.Equal(world.Now + 60_000, world.A.Deadline.Value);
    }

    [Fact]
    public void A_suspended_peer_neither_sends_nor_answers_until_resumed()
    {
        var world = Pair.Connected();
        world.Do(world.B, new PeerCommand.Suspend());
        Assert.Equal(EngineErrorCode.PeerSuspended, world.Send(world.B, "no").Error);
        Assert.Empty(world.B.State.Sessions);
        world.Do(world.A, new PeerCommand.Connect(Fresh: true));
        world.Run();
        Assert.Empty(world.B.State.Sessions);
        world.Do(world.B, new PeerCommand.Resume());
        Assert.Null(world.Send(world.B, "yes").Error);
        world.Run();
        Assert.Equal(["yes"], world.A.Inbox());
    }

    [Fact]
    public void Closing_ends_both_sides_and_forgetting_leaves_nothing()
    {
        var world = Pair.Connected();
        world.Do(world.A, new PeerCommand.Close());
        world.Run();
        Assert.Empty(world.B.State.Sessions);
        world.Send(world.A, "again");
        world.Run();
        Assert.Equal(["again"], world.B.Inbox());
        world.Do(world.B, new PeerCommand.Forget());
        Assert.Equal(EngineErrorCode.PeerUnknown, world.Send(world.B, "x").Error);
        Assert.Empty(world.B.Inbox());
        Assert.Empty(world.B.Listening);
        Assert.Equal(MonotonicMillis.Never, world.B.Deadline);
    }

    [Fact]
    public void A_session_that_was_answered_late_does_not_start_another()
    {
        var world = Pair.Connected();
        world.Do(world.B, new PeerCommand.Suspend());
        world.Send(world.A, "unanswered");
        world.Now += 1_000_000;
        world.Network.Clear();
        world.Do(world.B, new PeerCommand.Resume());
        world.Do(world.B, new PeerCommand.Connect(Fresh: true));
        world.Run();
        Assert.Equal(["unanswered"], world.B.Inbox());
        Assert.Null(world.A.State.Handshakes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_session_that_its_initiator_gave_up_before_the_confirm_arrived_is_followed_by_another_with_nothing_durable_to_show_it(bool restarts)
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Now += 1_000;
        world.Deliver(Assert.Single(world.Take(world.A, EnvelopeType.Handshake1)));
        world.Deliver(Assert.Single(world.Take(world.B, EnvelopeType.Handshake2)));
        var confirm = Assert.Single(world.Take(world.A, EnvelopeType.Confirm));
        world.Now += 9_500;
        world.Do(world.A, new PeerCommand.Tick());
        Assert.Null(world.A.State.Handshakes?.Restart);
        world.Network.Clear();
        world.Deliver(confirm);
        world.Flush(world.B);
        var lost = world.B.State.Sending!.Id;

        if (restarts)
        {
            world.Crash(world.B);
        }

        world.Pass(60_000);

        Assert.NotEqual(lost, world.B.State.Sending!.Id);
        Assert.Equal(world.A.State.Sending!.Id, world.B.State.Sending.Id);
        Assert.Null(world.B.State.SendingDoubtedSince);
        Assert.Null(world.A.State.SendingDoubtedSince);
    }

    [Fact]
    public void A_session_that_its_initiator_keeps_is_not_doubted_for_long_and_brings_no_other()
    {
        var world = Pair.Connected();
        var session = world.B.State.Sending!.Id;
        Assert.Null(world.B.State.SendingDoubtedSince);
        world.Pass(1_200_000);
        Assert.Equal(session, Assert.Single(world.B.State.Sessions).Id);
        Assert.Equal(session, Assert.Single(world.A.State.Sessions).Id);
    }

    [Fact]
    public void A_session_that_the_peer_has_dropped_unheard_is_followed_by_another_once_nothing_comes_in_for_long()
    {
        var world = Pair.Connected();
        world.Do(world.B, new PeerCommand.Close());
        world.Flush(world.B);
        world.Network.Clear();
        var lost = world.A.State.Sending!;
        world.Pass(3_600_000);
        Assert.Equal(lost.Id, world.A.State.Sending!.Id);

        world.Do(world.A, new PeerCommand.Unheard(lost.Current.LocalIndex));
        world.Pass(800_000);

        Assert.NotEqual(lost.Id, world.A.State.Sending!.Id);
        Assert.Equal(world.A.State.Sending.Id, world.B.State.Sending!.Id);
        Assert.Null(world.A.State.SendingDoubtedSince);
    }

    [Fact]
    public void A_peer_that_is_only_silent_is_asked_by_a_rekey_and_keeps_its_session()
    {
        var world = Pair.Connected();
        var session = world.A.State.Sending!;
        var epoch = session.Current.Number.Value;
        world.Do(world.A, new PeerCommand.Unheard(default));
        Assert.Null(world.A.State.SendingDoubtedSince);

        world.Do(world.A, new PeerCommand.Unheard(session.Current.LocalIndex));
        world.Pass(1_000_000);

        Assert.Equal(session.Id, Assert.Single(world.A.State.Sessions).Id);
        Assert.Equal(epoch + 1, world.A.State.Sending!.Current.Number.Value);
        Assert.Null(world.A.State.SendingDoubtedSince);
    }

    private static void Knock(World world, int n, string source)
    {
        var (a, b) = (world.A.Context.LocalIdentities[0], world.B.Context.LocalIdentities[0]);
        var message = new SymbolicMessage1(a, b, new ReceiverIndex((ulong)n), (UInt128)n, basis: null);
        world.Do(world.B, new PeerCommand.Handshake1(
            new SymbolicHandshakes.Responder(message), Suite.MLKem768P256, b, a, new[] { (byte)n }, source));
    }
}

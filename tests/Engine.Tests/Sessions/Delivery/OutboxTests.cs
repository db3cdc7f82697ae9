using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Delivery;

/// <summary>The bounds of the outbox, expiry, and what is told of a message's fate.</summary>
public sealed class OutboxTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void The_longest_payload_is_taken_and_one_byte_more_is_not()
    {
        var world = Limited(limits => limits with { PayloadBytesMax = 3 });
        Assert.Null(world.Send(world.A, "abc").Error);
        Assert.Equal(EngineErrorCode.PayloadTooLarge, world.Send(world.A, "abcd").Error);
    }

    [Fact]
    public void An_outbox_takes_bytes_up_to_its_bound_and_again_once_some_are_acknowledged()
    {
        var world = Limited(limits => limits with { OutboxBytesMax = 6 });
        Assert.Null(world.Send(world.A, "abc").Error);
        Assert.Null(world.Send(world.A, "def").Error);
        Assert.Equal(EngineErrorCode.OutboxFull, world.Send(world.A, "g").Error);
        world.Run();
        Assert.Null(world.Send(world.A, "abcdef").Error);
    }

    [Fact]
    public void What_was_acknowledged_is_told_and_nothing_is_waited_for_any_more()
    {
        _world.Send(A, "one");
        _world.Run();
        Assert.Contains(A.Told, effect => effect is PeerEffect.OutboxAdvanced { Through: 1 });
        Assert.Equal((MonotonicMillis.Never, null), (A.State.Outgoing.ResendAt, A.State.Outgoing.UnansweredSince));
    }

    [Fact]
    public void A_direction_that_stops_is_reported_by_the_sender_too()
    {
        _world.Send(A, "one");
        _world.Do(A, new PeerCommand.Record(
            A.State.Sending!.Current.LocalIndex, EnvelopeType.Acknowledge,
            new Acknowledgement(A.State.Outgoing.Id, 1, new ChainValue(0, 7)).Encode()));
        Assert.True(A.Reported(PeerReport.StreamStopped));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_acknowledgement_of_a_retired_stream_or_in_one_that_stands_still_moves_nothing(bool standsStill)
    {
        _world.Send(A, "one");
        _world.Deliver(Assert.Single(_world.Take(A, EnvelopeType.Message)));
        var late = Assert.Single(_world.Take(B, EnvelopeType.Acknowledge));
        _world.Do(A, standsStill ? new PeerCommand.Tick() : new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        if (standsStill)
        {
            PeerFacts.Apply(A.State, new PeerEvent.OutgoingStopped(StopReason.PeerStoreRolledBack));
        }

        _world.Deliver(late);
        Assert.Equal((standsStill ? StopReason.PeerStoreRolledBack : null, 1), (A.State.Outgoing.Stopped, A.State.Outgoing.Count));
    }

    [Fact]
    public void Silence_counts_from_the_first_message_not_from_its_repeats()
    {
        _world.Send(A, "one");
        var since = A.State.Outgoing.UnansweredSince;
        Assert.Equal(_world.Now, since?.Value);
        for (var i = 0; i < 3; i++)
        {
            _world.Take(A, EnvelopeType.Message);
            _world.Tick(A);
        }

        Assert.Equal(since, A.State.Outgoing.UnansweredSince);
    }

    [Fact]
    public void A_side_that_acts_late_sends_again_and_one_that_acts_early_does_not()
    {
        _world.Send(A, "one");
        Assert.Single(_world.Take(A, EnvelopeType.Message));
        _world.Now += 199;
        _world.Do(A, new PeerCommand.Tick());
        Assert.Empty(_world.Take(A, EnvelopeType.Message));
        _world.Now += 5_000;
        _world.Do(A, new PeerCommand.Tick());
        Assert.Single(_world.Take(A, EnvelopeType.Message));
    }

    [Fact]
    public void Each_acknowledgement_widens_what_a_silence_had_narrowed()
    {
        for (var i = 0; i < 100; i++)
        {
            _world.Send(A, $"{i}");
        }

        _world.Take(A, EnvelopeType.Message);
        _world.Tick(A);
        var probe = _world.Take(A, EnvelopeType.Message);
        Assert.Equal(16, probe.Count);
        foreach (var packet in probe)
        {
            _world.Deliver(packet);
        }

        _world.Deliver(_world.Take(B, EnvelopeType.Acknowledge)[^1]);
        Assert.Equal(32, _world.Take(A, EnvelopeType.Message).Count);
    }

    [Fact]
    public void A_new_session_waits_its_own_time_before_it_repeats()
    {
        _world.Send(A, "one");
        _world.Take(A, EnvelopeType.Message);
        _world.Now += 150;
        _world.Do(A, new PeerCommand.Connect(Fresh: true));
        while (_world.Network.Find(packet => packet.Type != EnvelopeType.Message) is { } packet)
        {
            _world.Deliver(packet);
        }

        Assert.NotEmpty(_world.Take(A, EnvelopeType.Message));
        Assert.Equal(_world.Now + 200, A.State.Outgoing.ResendAt.Value);
    }

    [Fact]
    public void A_peer_without_a_session_is_not_woken_to_repeat()
    {
        _world.Send(A, "one");
        _world.Take(A, EnvelopeType.Message);
        _world.Do(A, new PeerCommand.Suspend());
        _world.Tick(A);
        Assert.Equal(MonotonicMillis.Never, A.Deadline);
    }

    [Fact]
    public void The_policys_expiry_holds_for_a_message_that_names_none()
    {
        var world = Limited(limits => limits with { MessageExpiryMillis = 100 });
        world.Send(world.A, "policy's");
        world.Do(world.A, Sent("never", PeerCommand.Send.Never));
        world.Send(world.A, "own", new UnixMillis(world.Now + 500));
        world.Take(world.A, EnvelopeType.Message);
        Assert.Equal([world.Now + 100, null, world.Now + 500], Enumerable.Range(1, 3).Select(i => world.A.State.Outgoing[(ulong)i].ExpiresAt?.Value));
    }

    [Fact]
    public void A_message_that_names_no_expiry_has_none_where_the_policy_has_none()
    {
        _world.Send(A, "one");
        Assert.Null(A.State.Outgoing[1].ExpiresAt);
        Assert.Null(A.State.NextExpiry);
    }

    [Fact]
    public void Each_message_expires_in_its_own_time_and_is_told_whichever_was_queued_first()
    {
        var late = Guid.Parse("22222222-0000-0000-0000-000000000000");
        var soon = Guid.Parse("11111111-0000-0000-0000-000000000000");
        var start = _world.Now;
        _world.Do(A, new PeerCommand.Suspend());
        _world.Do(A, new PeerCommand.Resume());
        _world.Send(A, "late", new UnixMillis(start + 300), late);
        _world.Send(A, "soon", new UnixMillis(start + 100), soon);
        _world.Send(A, "latest", new UnixMillis(start + 9_000));
        Assert.Equal(start + 100, A.State.NextExpiry?.Value);

        ExpireAt(start + 100);
        Assert.Equal([(soon, 2UL)], Expired());
        Assert.Equal(start + 300, A.State.NextExpiry?.Value);
        ExpireAt(start + 300);
        Assert.Equal([(soon, 2UL), (late, 1UL)], Expired());
        Assert.Equal(2, A.Told.Count(effect => effect is PeerEffect.Report { What: PeerReport.MessageExpired, Detail.Length: > 0 }));
        Assert.Equal(start + 9_000, A.State.NextExpiry?.Value);
    }

    [Fact]
    public void What_was_to_expire_while_the_engine_was_down_expires_when_it_is_back()
    {
        _world.Send(A, "two", new UnixMillis(_world.Now + 500));
        _world.Send(A, "one", new UnixMillis(_world.Now + 100));
        _world.Take(A, EnvelopeType.Message);
        _world.Crash(A);
        Assert.Equal(_world.Now + 100, A.State.NextExpiry?.Value);
        _world.Now += 1_000;
        _world.Do(A, new PeerCommand.Tick());
        Assert.Equal((true, true), (A.State.Outgoing[1].IsVoid, A.State.Outgoing[2].IsVoid));
        Assert.Null(A.State.NextExpiry);
    }

    private void ExpireAt(long wall)
    {
        _world.Now = wall;
        _world.Do(A, new PeerCommand.Tick());
    }

    private (Guid Operation, ulong Number)[] Expired() =>
        [.. A.Told.OfType<PeerEffect.Expired>().Select(effect => (effect.Operation, effect.Number))];

    private static PeerCommand.Send Sent(string text, UnixMillis? expiresAt) =>
        new(default, false, MessageFlags.None, expiresAt, System.Text.Encoding.UTF8.GetBytes(text));

    private static World Limited(Func<PeerLimits, PeerLimits> change) =>
        Pair.Connected(new WorldOptions { LimitsA = change(WorldOptions.Limits) });
}

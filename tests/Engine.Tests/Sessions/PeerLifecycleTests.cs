using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>What operators do to a peer, and what is left of it: in the state, in the store and for the other side.</summary>
public sealed class PeerLifecycleTests
{
    private static readonly Fingerprint Third = Fingerprint.Of("third"u8);

    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void A_peer_that_forgets_tells_the_other_side_and_one_that_suspends_does_not()
    {
        _world.Do(B, new PeerCommand.Suspend());
        Assert.Empty(_world.Take(B, EnvelopeType.Close));
        Assert.Single(A.State.Sessions);

        _world.Do(B, new PeerCommand.Resume());
        _world.Do(B, new PeerCommand.Connect(Fresh: true));
        _world.Run();
        _world.Do(B, new PeerCommand.Forget());
        Assert.NotEmpty(_world.Take(B, EnvelopeType.Close));
    }

    [Fact]
    public void A_session_that_the_peer_closes_is_reported_as_closed_by_it()
    {
        var id = A.State.Sending!.Id;
        _world.Do(B, new PeerCommand.Close());
        _world.Run();
        var report = Assert.Single(A.Told.OfType<PeerEffect.Report>(), report => report.What == PeerReport.SessionClosed);
        Assert.Contains(id.ToString(), report.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_left_of_a_forgotten_peer()
    {
        _world.Send(A, "for the inbox");
        _world.Send(B, "for the outbox");
        _world.Deliver(_world.Take(A, EnvelopeType.Message)[0]);
        PeerFacts.Apply(B.State, new PeerEvent.Held());
        PeerFacts.Apply(B.State, new PeerEvent.Suspended());
        PeerFacts.Apply(B.State, new PeerEvent.OperationPerformed(Guid.NewGuid()));
        var incoming = B.State.Incoming.Id;

        _world.Do(B, new PeerCommand.Forget());

        Assert.Equal((false, false, false), (B.State.Exists, B.State.Suspended, B.State.Held));
        Assert.Empty(B.State.Performed);
        Assert.Empty(B.State.Sessions);
        Assert.Null(B.State.Sending);
        Assert.Equal((default, 0), (B.State.Outgoing.Id, B.State.Outgoing.Count));
        Assert.Empty(B.State.Incoming.Unhandled);
        Assert.NotEqual(incoming, B.State.Incoming.Id);
        Assert.Equal(MonotonicMillis.Never, B.Deadline);
    }

    [Fact]
    public void A_session_with_a_removed_pin_ends_and_one_with_another_pin_stays()
    {
        var pinned = Assert.Single(B.State.Pins).Fingerprint;
        var session = B.State.Sending;
        _world.Do(B, new PeerCommand.AddPin(new Pin(Third, default, Proved: false)));
        Assert.Null(_world.Do(B, new PeerCommand.RemovePin(Third)).Error);
        Assert.Same(session, B.State.Sending);

        Assert.Null(_world.Do(B, new PeerCommand.RemovePin(pinned)).Error);
        Assert.Empty(B.State.Sessions);
        Assert.Empty(B.Listening);
        Assert.Equal(EngineErrorCode.PeerUnknown, _world.Do(B, new PeerCommand.RemovePin(pinned)).Error);
    }

    [Fact]
    public void A_pin_that_is_removed_ends_the_attempt_begun_with_it_and_its_waiters_are_told()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        world.Do(world.A, new PeerCommand.RemovePin(world.B.Context.LocalIdentities[0]));
        Assert.Null(world.A.State.Handshakes);
        Assert.Empty(world.A.ListeningHandshakes);
        Assert.Contains(world.A.Told, effect => effect is PeerEffect.ConnectSettled { Failure: EngineErrorCode.SessionMissing });
    }

    [Fact]
    public void A_pin_counts_as_proved_once_its_key_has_made_a_session()
    {
        Assert.True(Assert.Single(A.State.Pins).Proved);
        Assert.True(Assert.Single(B.State.Pins).Proved);
        Assert.True(A.Reported(PeerReport.PinProved));
    }

    [Fact]
    public void A_changed_policy_and_new_addresses_are_kept()
    {
        var policy = new FrozenPolicy("level-5", 2, new byte[] { 1 });
        _world.Do(A, new PeerCommand.ChangePolicy(policy));
        _world.Do(A, new PeerCommand.SetAddresses(["memory://b"]));
        Assert.Equal((policy, "memory://b"), (Side.Fold(A.Durable).Policy, Assert.Single(Side.Fold(A.Durable).Addresses)));
    }

    [Fact]
    public void The_last_acts_ids_are_remembered_and_the_oldest_gives_way()
    {
        var operations = Enumerable.Range(1, PeerState.PerformedCountMax + 1).Select(i => new Guid(i, 0, 0, new byte[8])).ToList();
        foreach (var operation in operations)
        {
            _world.Do(A, new PeerCommand.NotePerformed(operation));
            Assert.Equal(operation, A.State.Performed[^1]);
        }

        Assert.Equal(operations.Skip(1), A.State.Performed);
        Assert.Equal(operations.Skip(1), Side.Fold(A.Durable).Performed);
    }

    [Fact]
    public void A_restored_store_drops_its_sessions_in_silence_and_starts_both_streams_anew()
    {
        _world.Send(A, "accepted");
        _world.Send(B, "taken");
        _world.Run();
        _world.Send(A, "open");
        _world.Network.Clear();
        var (outgoing, incoming) = (A.State.Outgoing.Id, A.State.Incoming.Id);

        _world.Do(A, new PeerCommand.Restored(9));

        Assert.DoesNotContain(A.Durable, fact => fact is PeerEvent.Forgotten);
        Assert.Empty(_world.Take(A, EnvelopeType.Close));
        Assert.Equal(9u, A.State.Generation);
        Assert.Equal([outgoing], A.State.Outgoing.Retired);
        Assert.Equal((1UL, 1), (A.State.Outgoing.LowestUnacknowledged, A.State.Outgoing.Count));
        Assert.False(incoming.IsZero);
        Assert.True(A.State.Incoming.Id.IsZero);
        Assert.DoesNotContain(A.State.Sessions, session => A.Durable.OfType<PeerEvent.SessionEstablished>().Any(fact => fact.Epoch.Session == session.Id));
        Assert.Equal(["taken"], A.Inbox());
    }

    [Fact]
    public void One_direction_that_is_started_anew_leaves_the_other()
    {
        _world.Send(A, "one");
        _world.Send(B, "two");
        _world.Run();
        var (outgoing, incoming) = (A.State.Outgoing.Id, A.State.Incoming.Id);
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        Assert.NotEqual(outgoing, A.State.Outgoing.Id);
        Assert.Equal(incoming, A.State.Incoming.Id);
        outgoing = A.State.Outgoing.Id;
        PeerFacts.Apply(A.State, new PeerEvent.IncomingStopped(StopReason.HistoriesDiffer));
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: false, Incoming: true));
        Assert.Equal(outgoing, A.State.Outgoing.Id);
        Assert.True(A.State.Incoming.Id.IsZero);
    }

    [Fact]
    public void A_stream_started_anew_goes_out_whole_at_once_whatever_a_silence_had_narrowed()
    {
        for (var i = 0; i < 40; i++)
        {
            _world.Send(A, $"{i}");
        }

        _world.Take(A, EnvelopeType.Message);
        _world.Tick(A);
        Assert.Equal(16, _world.Take(A, EnvelopeType.Message).Count);
        _world.Do(A, new PeerCommand.ResetStream(Outgoing: true, Incoming: false));
        Assert.Equal(40, _world.Take(A, EnvelopeType.Message).Count);
        Assert.Equal(_world.Now + 200, A.State.Outgoing.ResendAt.Value);
    }

    [Fact]
    public void What_the_handler_gave_back_is_written_again_and_handed_out_again()
    {
        _world.Send(A, "one");
        _world.Run();
        var message = B.State.Incoming.Unhandled.First!.Value;
        var stream = message.Stream;
        for (var i = 1; i <= 5; i++)
        {
            (message.HandedOut, message.Row) = (true, RowState.Current);
            _world.Do(B, new PeerCommand.Failed(stream, 1));
            Assert.Equal((i, i == 5, false, RowState.Outdated), (message.Failures, message.SetAside, message.HandedOut, message.Row));
        }

        (message.HandedOut, message.Row) = (true, RowState.Current);
        _world.Do(B, new PeerCommand.RetrySetAside(stream, 1));
        Assert.Equal((0, false, false, RowState.Outdated), (message.Failures, message.SetAside, message.HandedOut, message.Row));
    }

    [Fact]
    public void The_inbox_counts_its_bytes_its_order_and_the_rows_to_delete()
    {
        _world.Send(A, "12345");
        _world.Send(A, "123");
        _world.Run();
        Assert.Equal(8, B.State.Incoming.PayloadBytes);
        Assert.Equal([1UL, 2UL], B.State.Incoming.Unhandled.Select(message => message.Ordinal));
        B.State.Incoming.Unhandled.Last!.Value.Row = RowState.Current;
        _world.Do(B, new PeerCommand.Handled(B.State.Incoming.Id, 1));
        Assert.Equal(3, B.State.Incoming.PayloadBytes);
        Assert.Empty(B.State.Incoming.StaleRows);
        _world.Do(B, new PeerCommand.Handled(B.State.Incoming.Id, 2));
        Assert.Equal([2UL], B.State.Incoming.StaleRows);
        Assert.Equal(0, B.State.Incoming.PayloadBytes);
    }

    [Fact]
    public void A_peer_is_named_by_its_identity_and_its_id() =>
        Assert.Equal("main/other", new PeerKey(new IdentityName("main"), new PeerId("other")).ToString());
}

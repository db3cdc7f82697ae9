using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>A peer's machine is woken for what it has to do by itself, and when: docs/formats/handshake.md, section 7.</summary>
public sealed class PeerDeadlineTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void An_expiry_wakes_the_peer_in_its_time_and_at_once_when_it_has_passed()
    {
        _world.Do(A, new PeerCommand.Suspend());
        _world.Do(A, new PeerCommand.Resume());
        _world.Do(A, new PeerCommand.RemovePin(B.Context.LocalIdentities[0]));
        Assert.Equal(MonotonicMillis.Never, A.Deadline);
        _world.Send(A, "one", new UnixMillis(_world.Now + 70_000));
        Assert.Equal(_world.Now + 70_000, A.Deadline.Value);
        _world.Send(A, "two", new UnixMillis(_world.Now - 5));
        Assert.Equal(_world.Now, A.Deadline.Value);
    }

    [Fact]
    public void A_half_open_rekey_goes_after_180_s()
    {
        _world.Do(A, new PeerCommand.Rekey());
        _world.Deliver(_world.Network[0]);
        Assert.NotNull(B.State.Handshakes?.HalfOpenRekey);
        _world.Network.Clear();
        Assert.Equal(_world.Now + 180_000, B.Deadline.Value);
        _world.Tick(B);
        Assert.Null(B.State.Handshakes);
    }

    [Fact]
    public void Messages_unanswered_for_15_minutes_start_a_new_session_and_not_before()
    {
        _world.Send(B, "proves the session");
        _world.Run();
        _world.Send(A, "one");
        var start = _world.Now;
        while (A.State.Handshakes?.Restart is null)
        {
            _world.Network.Clear();
            _world.Tick(A);
        }

        Assert.Equal(900_000, _world.Now - start);
    }

    [Fact]
    public void A_session_that_its_beginner_may_have_lost_is_given_up_after_10_s()
    {
        var world = Pair.Connected();
        world.B.State.Sending!.Unproved = true;
        Assert.Equal(10_000, world.B.State.RestartAfterMillis(WorldOptions.Limits));
        Assert.Equal(900_000, world.B.State.RestartAfterMillis(WorldOptions.Limits with { Unchained = UnchainedHandshake.Refuse }));
        Assert.Equal(3_000, world.B.State.RestartAfterMillis(WorldOptions.Limits with { UnansweredRestartMillis = 3_000 }));
        world.B.State.Sending.Unproved = false;
        Assert.Equal(900_000, world.B.State.RestartAfterMillis(WorldOptions.Limits));
    }

    [Fact]
    public void An_attempt_nobody_answers_ends_after_10_s()
    {
        var world = World.Create(new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        var start = world.Now;
        while (!world.A.Told.Exists(effect => effect is PeerEffect.ConnectSettled { Failure: EngineErrorCode.HandshakeTimedOut }))
        {
            world.Network.Clear();
            world.Tick(world.A);
        }

        Assert.Equal(10_000, world.Now - start);
    }

    [Fact]
    public void Silence_counts_from_the_earliest_that_went_unanswered()
    {
        var state = A.State;
        Assert.Null(state.UnansweredSince);
        state.RekeyUnansweredSince = new MonotonicMillis(30);
        Assert.Equal(30, state.UnansweredSince?.Value);
        state.SendingDoubtedSince = new MonotonicMillis(20);
        Assert.Equal(20, state.UnansweredSince?.Value);
        state.Outgoing.UnansweredSince = new MonotonicMillis(25);
        Assert.Equal(20, state.UnansweredSince?.Value);
        state.SendingDoubtedSince = null;
        Assert.Equal(25, state.UnansweredSince?.Value);
        state.RekeyUnansweredSince = null;
        Assert.Equal(25, state.UnansweredSince?.Value);
    }

    [Theory]
    [InlineData(0, 800)]
    [InlineData(0x8000, 1_000)]
    [InlineData(0xFFFF, 1_200)]
    public void A_wait_is_spread_by_a_fifth_either_way(int drawn, long wait)
    {
        var input = new StepInput(new UnixMillis(0), new MonotonicMillis(0), new FixedEntropy((ushort)drawn));
        Assert.Equal(wait, new PeerStep(A.State, A.Context, input, new StepOutput()).Jitter(1_000));
    }

    [Fact]
    public void A_peer_that_does_not_exist_waits_for_nothing_and_answers_nothing()
    {
        _world.Send(A, "one");
        _world.Do(A, new PeerCommand.Forget());
        _world.Network.Clear();
        Assert.Equal(MonotonicMillis.Never, A.Deadline);
        Assert.Equal(EngineErrorCode.PeerUnknown, _world.Do(A, new PeerCommand.Tick()).Error);
        Assert.Empty(_world.Network);
    }

    private sealed class FixedEntropy(ushort value) : Kyberium.Engine.Cryptography.IEntropySource
    {
        public void Fill(Span<byte> destination) => BitConverter.TryWriteBytes(destination, value);
    }
}

using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>When durable messages go out again, and how many (PROTOCOL section 5).</summary>
public sealed class ResendTests
{
    private readonly World _world = Pair.Connected();

    private Side A => _world.A;

    private Side B => _world.B;

    [Fact]
    public void An_answer_that_is_only_late_costs_a_few_repeats_not_all_that_is_in_flight()
    {
        for (var i = 0; i < 300; i++)
        {
            _world.Send(A, $"{i}");
        }

        var inFlight = _world.Take(A, EnvelopeType.Message);
        Assert.Equal(256, inFlight.Count);
        _world.Tick(A);
        Assert.Equal(16, _world.Take(A, EnvelopeType.Message).Count);

        foreach (var packet in inFlight)
        {
            _world.Deliver(packet);
        }

        _world.Run();
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), B.Inbox());
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_hole_in_a_full_window_is_filled_by_the_first_repeat()
    {
        for (var i = 0; i < 200; i++)
        {
            _world.Send(A, $"{i}");
        }

        foreach (var packet in _world.Take(A, EnvelopeType.Message).Skip(1))
        {
            _world.Deliver(packet);
        }

        _world.Tick(A);
        _world.Run();
        Assert.Equal(200, B.Inbox().Length);
        Assert.Equal(0, A.State.Outgoing.Count);
    }

    [Fact]
    public void A_round_trip_longer_than_the_first_wait_is_learned_and_then_nothing_is_sent_twice()
    {
        var repeats = Enumerable.Range(0, 8).Select(_ => RepeatsOfOne(roundTripMillis: 900)).ToList();
        // 200 and 400 pass; the doubled wait is kept, since an answer to a repeat measures nothing; then one message goes once.
        Assert.Equal([2, 1, 0, 0, 0, 0, 0, 0], repeats);
    }

    [Fact]
    public void A_round_trip_that_was_long_once_is_forgotten()
    {
        for (var i = 0; i < 4; i++)
        {
            RepeatsOfOne(roundTripMillis: 900);
        }

        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(0, RepeatsOfOne(roundTripMillis: 10));
        }

        _world.Send(A, "last");
        Assert.Equal(200, A.State.Outgoing.ResendAt.Value - _world.Now);
    }

    [Fact]
    public void After_a_long_silence_the_wait_does_not_stay_as_long()
    {
        _world.Send(A, "one");
        for (var i = 0; i < 12; i++)
        {
            _world.Take(A, EnvelopeType.Message);
            _world.Tick(A);
        }

        _world.Run();
        Assert.Equal(["one"], B.Inbox());
        _world.Send(A, "two");
        Assert.InRange(A.State.Outgoing.ResendAt.Value - _world.Now, 200, 200 << 4);
    }

    [Fact]
    public void An_answer_that_a_sleep_of_the_process_delayed_is_forgotten_like_the_longest_wait()
    {
        _world.Send(A, "before the sleep");
        _world.Now += 24 * 3_600_000;
        _world.Run();
        for (var i = 0; i < 60; i++)
        {
            _world.Send(A, "prompt");
            _world.Run();
        }

        _world.Send(A, "last");
        Assert.Equal(200, A.State.Outgoing.ResendAt.Value - _world.Now);
    }

    /// <summary>Sends one message over a path that takes so long, and counts how often it went out beyond once.</summary>
    private int RepeatsOfOne(long roundTripMillis)
    {
        _world.Send(A, "payload");
        var first = Assert.Single(_world.Take(A, EnvelopeType.Message));
        var answeredAt = _world.Now + roundTripMillis;
        var repeats = 0;
        while (A.State.Outgoing.ResendAt.Value < answeredAt)
        {
            _world.Tick(A);
            repeats += _world.Take(A, EnvelopeType.Message).Count;
        }

        _world.Now = answeredAt;
        _world.Deliver(first);
        _world.Run();
        Assert.Equal(0, A.State.Outgoing.Count);
        return repeats;
    }
}

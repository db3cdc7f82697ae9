using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Delivery;

/// <summary>The sums of RFC 6298, sections 2 and 5, and Karn's rule, with the bounds of this protocol: 200 ms to 30 s.</summary>
public sealed class ResendTimerTests
{
    private static readonly PeerLimits Limits = new() { Suites = [Suite.MLKem768P256] };

    private ResendTimer _timer;

    private long Wait => _timer.WaitMillis(Limits);

    [Fact]
    public void Nothing_measured_waits_the_least() => Assert.Equal(200, Wait);

    [Fact]
    public void The_first_measurement_counts_with_half_of_it_as_variation()
    {
        Measure(1, 1_000);
        Assert.Equal(1_000 + (4 * 500), Wait);
    }

    [Fact]
    public void Later_measurements_count_an_eighth_and_their_difference_a_quarter()
    {
        Measure(1, 1_000);
        Measure(2, 200);        // variation (3 x 500 + 800) / 4 = 575, round trip (7 x 1000 + 200) / 8 = 900
        Assert.Equal(900 + (4 * 575), Wait);
        Measure(3, 1_700);      // variation (3 x 575 + 800) / 4 = 631, round trip (7 x 900 + 1700) / 8 = 1000
        Assert.Equal(1_000 + (4 * 631), Wait);
    }

    [Fact]
    public void A_round_trip_too_short_to_measure_counts_as_one_measured()
    {
        Measure(1, 0);
        for (var i = 2UL; i < 40; i++)
        {
            Measure(i, 800);
        }

        Assert.InRange(Wait, 700, 1_200);
    }

    [Fact]
    public void One_message_at_a_time_is_measured_and_what_comes_after_it_does_not_shorten_it()
    {
        _timer.Sent(1, new MonotonicMillis(0));
        _timer.Sent(2, new MonotonicMillis(900));
        _timer.Acknowledged(2, new MonotonicMillis(1_000), Limits);
        Assert.Equal(3_000, Wait);
    }

    [Fact]
    public void An_acknowledgement_of_less_measures_nothing()
    {
        Measure(1, 1);
        _timer.Sent(2, new MonotonicMillis(0));
        _timer.Acknowledged(1, new MonotonicMillis(5), Limits);
        _timer.Acknowledged(2, new MonotonicMillis(1_000), Limits);
        Assert.Equal(((7 + 1_000) / 8) + (4 * (999 / 4)), Wait);
    }

    [Fact]
    public void A_message_sent_twice_is_not_measured_and_leaves_the_wait_doubled()
    {
        _timer.Sent(1, new MonotonicMillis(0));
        _timer.Expired();
        Assert.Equal(400, Wait);
        _timer.Sent(1, new MonotonicMillis(200));
        _timer.Acknowledged(1, new MonotonicMillis(900), Limits);
        Assert.Equal(400, Wait);
        Measure(2, 100);
        Assert.Equal(100 + (4 * 50), Wait);
    }

    [Fact]
    public void The_wait_doubles_up_to_the_most_however_long_the_silence()
    {
        long[] waits = [400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000];
        foreach (var wait in waits)
        {
            _timer.Expired();
            Assert.Equal(wait, Wait);
        }

        for (var i = 0; i < 100; i++)
        {
            _timer.Expired();
            Assert.Equal(30_000, Wait);
        }
    }

    [Fact]
    public void An_answer_after_a_long_silence_keeps_four_doublings()
    {
        _timer.Sent(1, new MonotonicMillis(0));
        for (var i = 0; i < 10; i++)
        {
            _timer.Expired();
        }

        _timer.Acknowledged(1, new MonotonicMillis(1_000_000), Limits);
        Assert.Equal(200 << 4, Wait);
    }

    [Fact]
    public void In_a_new_session_nothing_is_doubled_and_what_was_sent_before_is_measured()
    {
        _timer.Sent(1, new MonotonicMillis(0));
        _timer.Expired();
        _timer.Restart();
        Assert.Equal(200, Wait);
        _timer.Sent(1, new MonotonicMillis(5_000));
        _timer.Acknowledged(1, new MonotonicMillis(6_000), Limits);
        Assert.Equal(3_000, Wait);
    }

    [Fact]
    public void What_was_under_way_when_a_new_session_began_is_not_measured()
    {
        _timer.Sent(1, new MonotonicMillis(0));
        _timer.Restart();
        _timer.Acknowledged(1, new MonotonicMillis(9_000), Limits);
        Assert.Equal(200, Wait);
    }

    private void Measure(ulong number, long roundTripMillis)
    {
        _timer.Sent(number, new MonotonicMillis(10_000));
        _timer.Acknowledged(number, new MonotonicMillis(10_000 + roundTripMillis), Limits);
    }
}

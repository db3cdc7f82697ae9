using Kyberium.Engine.Cluster.Joining;

namespace Kyberium.Engine.Cluster.Tests.Joining;

/// <summary>When certificates are renewed, and how a failed attempt is repeated.</summary>
public sealed class RenewalTimeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0.0, 10.8)]
    [InlineData(0, 1.0, 13.2)]
    [InlineData(10, 0.0, 0.8)]
    [InlineData(12, 0.0, 0.0)]
    [InlineData(30, 1.0, 0.0)]
    public void A_certificate_is_renewed_around_half_its_life(int hoursGone, double spread, double hoursLeft)
    {
        var wait = RenewalTime.Until(Start.AddHours(hoursGone), Start, Start.AddHours(24), failures: 0, spread);

        Assert.Equal(hoursLeft, wait.TotalHours, 6);
    }

    [Theory]
    [InlineData(1, 0.0, 0.5)]
    [InlineData(1, 1.0, 1)]
    [InlineData(4, 1.0, 8)]
    [InlineData(20, 1.0, 300)]
    [InlineData(int.MaxValue, 0.0, 150)]
    public void A_failed_attempt_is_repeated_after_a_wait_that_doubles_up_to_five_minutes(int failures, double spread, double seconds) =>
        Assert.Equal(seconds, RenewalTime.Until(Start, Start, Start.AddHours(24), failures, spread).TotalSeconds, 6);
}

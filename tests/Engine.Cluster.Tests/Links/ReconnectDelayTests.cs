using Kyberium.Engine.Cluster.Links;

namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>How long a link waits between attempts to connect.</summary>
public sealed class ReconnectDelayTests
{
    [Theory]
    [InlineData(1, 0.0, 25)]
    [InlineData(1, 1.0, 50)]
    [InlineData(3, 1.0, 200)]
    [InlineData(7, 1.0, 2_000)]
    [InlineData(int.MaxValue, 0.5, 1_500)]
    public void It_doubles_up_to_its_cap_and_is_spread_over_half_of_itself(int failures, double spread, double millis) =>
        Assert.Equal(millis, new ReconnectDelay(50, 2_000).After(failures, spread).TotalMilliseconds, 6);
}

namespace Kyberium.Cluster.Tests.Network;

/// <summary>What happens to packets on their way from one station to another.</summary>
/// <param name="Loss">The share that is lost, from 0 to 1; 1 is a cut.</param>
/// <param name="Delay">How long each takes.</param>
/// <param name="Spread">How much longer some take, so that they overtake each other.</param>
/// <param name="FlapPeriod">How long it is so, and then for as long not; zero: always.</param>
internal sealed record Weather(double Loss = 0, TimeSpan Delay = default, TimeSpan Spread = default, TimeSpan FlapPeriod = default)
{
    internal static Weather Fair { get; } = new();

    internal static Weather Cut { get; } = new(Loss: 1);

    internal static Weather Rough { get; } = new(Loss: 0.03, TimeSpan.FromMilliseconds(15), TimeSpan.FromMilliseconds(10));
}

using System.Diagnostics;

namespace Kyberium.Cluster.Tests.Network;

/// <summary>Goal: stations hear each other through the switch, and not when it is told to cut them.</summary>
public sealed class PacketSwitchTests
{
    [Fact]
    public async Task Stations_hear_each_other_unless_a_direction_is_cut_and_packets_come_late_when_told()
    {
        using var network = new PacketSwitch(seed: 1);
        var (one, other) = (await network.AddAsync(), await network.AddAsync());
        Assert.True(await IsHeardAsync(one, other));

        network.Set(other, one, Weather.Cut);
        Assert.False(await IsHeardAsync(one, other));
        Assert.True(network.Counts.Lost > 0);
        network.Heal();
        Assert.True(await IsHeardAsync(other, one));

        network.SetBoth(one, other, new Weather(Delay: TimeSpan.FromMilliseconds(300)));
        var began = Stopwatch.GetTimestamp();
        Assert.True(await IsHeardAsync(one, other));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromMilliseconds(600), ScratchNode.Patience);
    }

    /// <summary>A connection that is refused was heard: nobody listens there.</summary>
    private static async Task<bool> IsHeardAsync(Station from, Station to)
    {
        var start = from.Place.Command("timeout", "5", "bash", "-c", $"exec 3<>/dev/tcp/{to.Address}/9");
        start.RedirectStandardError = true;
        using var attempt = Process.Start(start)!;
        var said = await attempt.StandardError.ReadToEndAsync().WaitAsync(ScratchNode.Patience);
        await attempt.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
        Assert.True(attempt.ExitCode is 1 or 124, said);
        return attempt.ExitCode == 1;
    }
}

using System.Diagnostics;
using System.Globalization;
using Kyberium.Tests.Support;

namespace Kyberium.Cluster.Tests.Network;

/// <summary>One machine of a test's network: a network namespace with a loopback device, and a device whose other end is the switch.</summary>
/// <remarks>The namespace has no name: a shell is all that holds it, and the shell ends when this process does, however that ends. Nothing is left to remove.</remarks>
internal sealed class Station : IDisposable
{
    private const string Keeper = "ip link set lo up && echo ready && read -r end";

    private static int _count;

    private readonly Process _keeper;

    private Station(Process keeper, TunnelDevice device, int number) => (_keeper, Device, Number) = (keeper, device, number);

    internal TunnelDevice Device { get; }

    /// <summary>Gets the last number of its address.</summary>
    internal int Number { get; }

    internal string Address => AddressOf(Number);

    /// <summary>Gets where its processes run.</summary>
    internal ProcessPlace Place => PlaceOf(_keeper);

    internal static async Task<Station> MakeAsync(int number)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("these tests make network namespaces and need root: run the test command as root");
        }

        var keeper = Process.Start(new ProcessStartInfo("unshare", ["--net", "bash", "-c", Keeper]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var device = TunnelDevice.Make(string.Create(CultureInfo.InvariantCulture, $"ky{Environment.ProcessId % 1_000_000}x{Interlocked.Increment(ref _count)}"));
        try
        {
            Assert.Equal("ready", await keeper.StandardOutput.ReadLineAsync().WaitAsync(ScratchNode.Patience));
            var pid = keeper.Id.ToString(CultureInfo.InvariantCulture);
            await RunAsync(ProcessPlace.Here.Command("ip", "link", "set", "dev", device.Name, "netns", pid));
            await RunAsync(PlaceOf(keeper).Command(
                "bash", "-c", $"ip address add {AddressOf(number)}/24 dev {device.Name} && ip link set dev {device.Name} mtu {TunnelDevice.PacketBytesMax} up"));
            return new Station(keeper, device, number);
        }
        catch
        {
            device.Dispose();
            keeper.Kill();
            throw;
        }
    }

    public void Dispose()
    {
        _keeper.Kill();
        _keeper.WaitForExit();
        _keeper.Dispose();
        Device.Dispose();
    }

    private static string AddressOf(int number) => string.Create(CultureInfo.InvariantCulture, $"10.77.0.{number}");

    private static ProcessPlace PlaceOf(Process keeper) => new(["nsenter", string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{keeper.Id}/ns/net"), "--"]);

    private static async Task RunAsync(ProcessStartInfo command)
    {
        command.RedirectStandardError = true;
        using var process = Process.Start(command)!;
        var said = await process.StandardError.ReadToEndAsync().WaitAsync(ScratchNode.Patience);
        await process.WaitForExitAsync().WaitAsync(ScratchNode.Patience);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command.ArgumentList)}: {said}");
    }
}

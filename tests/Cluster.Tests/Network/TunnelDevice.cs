using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Kyberium.Cluster.Tests.Network;

/// <summary>A network device whose other end is this process: what the system sends there is read here, packet by packet, and the other way round.</summary>
internal sealed partial class TunnelDevice : IDisposable
{
    internal const int PacketBytesMax = 1_500;

    private const int ReadWrite = 0x2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;        // no process that the tests start may keep the device
    private const nuint SetInterface = 0x400454ca;
    private const short WithoutLinkLayerAndInfo = 0x1 | 0x1000;

    private TunnelDevice(int descriptor, string name) => (Descriptor, Name) = (descriptor, name);

    internal int Descriptor { get; }

    internal string Name { get; }

    /// <summary>Makes a device in this process's own network namespace; it goes when it is disposed or the process ends.</summary>
    internal static TunnelDevice Make(string name)
    {
        var descriptor = Open("/dev/net/tun", ReadWrite | NonBlocking | CloseOnExec);
        if (descriptor < 0)
        {
            throw new InvalidOperationException($"/dev/net/tun: {new Win32Exception().Message}: these tests need root and a kernel with CONFIG_TUN");
        }

        Span<byte> request = stackalloc byte[40];       // struct ifreq: the name, then flags
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..15]);
        MemoryMarshal.Write(request[16..], WithoutLinkLayerAndInfo);
        if (Control(descriptor, SetInterface, ref request[0]) != 0)
        {
            var reason = new Win32Exception().Message;
            _ = Close(descriptor);
            throw new InvalidOperationException($"a network device could not be made: {reason}: these tests need root");
        }

        return new TunnelDevice(descriptor, name);
    }

    /// <summary>Takes the next packet that the system sent; 0 when there is none now.</summary>
    internal int Take(Span<byte> packet) => (int)Math.Max(0, Read(Descriptor, ref packet[0], (nuint)packet.Length));

    /// <summary>Hands the system a packet. One that finds no room is lost, as on any network.</summary>
    internal void Put(ReadOnlySpan<byte> packet) => _ = Write(Descriptor, in packet[0], (nuint)packet.Length);

    public void Dispose() => _ = Close(Descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, ref byte argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, in byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

using System.Net;
using System.Net.Sockets;

namespace Kyberium.Tests.Support;

/// <summary>Finds ports for programs that have to be told one. Part of each test project that needs it.</summary>
internal static class FreePort
{
    // Below what the system gives out by itself, so that nothing that connects or listens meanwhile gets it.
    private const int First = 20_000;
    private const int Count = 10_000;

    private static int _last = Environment.ProcessId * 61;

    /// <summary>Gives one that nobody listens at; never the same twice.</summary>
    internal static int Next()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _last) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
            }
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Load;

/// <summary>Frames there and back over TLS 1.3 on loopback, several under way: what a link without HTTP, batches, deadlines or limits could do.</summary>
internal static class TlsFrames
{
    private const int UnderWay = 16;

    /// <summary>Gives frames a second.</summary>
    internal static async Task<double> RunAsync(X509Certificate2 certificate, int count, int size)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var near = new TcpClient { NoDelay = true };
        var accepting = listener.AcceptTcpClientAsync();
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var far = await accepting;
        far.NoDelay = true;
        await using var server = new SslStream(far.GetStream());
        await using var client = new SslStream(near.GetStream(), false, (_, shown, _, _) => shown is not null && shown.GetCertHashString() == certificate.GetCertHashString());
        var serving = server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 });
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "owner", EnabledSslProtocols = SslProtocols.Tls13 });
        await serving;

        using var room = new SemaphoreSlim(UnderWay);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Task.Run(() => WriteAsync(client, room, count, size)), Task.Run(() => EchoAsync(server, count, size)), Task.Run(() => ReadAsync(client, room, count, size)));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task WriteAsync(SslStream stream, SemaphoreSlim room, int count, int size)
    {
        var frame = new byte[size];
        for (var i = 0; i < count; i++)
        {
            await room.WaitAsync();
            BitConverter.TryWriteBytes(frame, i);
            await stream.WriteAsync(frame);
        }
    }

    private static async Task EchoAsync(SslStream stream, int count, int size)
    {
        var frame = new byte[size];
        for (var i = 0; i < count; i++)
        {
            await stream.ReadExactlyAsync(frame);
            await stream.WriteAsync(frame);
        }
    }

    private static async Task ReadAsync(SslStream stream, SemaphoreSlim room, int count, int size)
    {
        var frame = new byte[size];
        for (var i = 0; i < count; i++)
        {
            await stream.ReadExactlyAsync(frame);
            if (BitConverter.ToInt32(frame) != i)
            {
                throw new InvalidOperationException($"frame {i} holds something else");
            }

            room.Release();
        }
    }
}

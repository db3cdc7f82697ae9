using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Kyberium.Tests.Support;

/// <summary>Stands between two sides of TCP connections: can keep back, delay, slow down or throw away what either says, and break
/// connections. Part of each test project that needs it.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private int _target;
    private bool _isBlackHole;
    private bool _holdsRequests;
    private bool _dropsAnswers;
    private bool _refuses;
    private readonly Task _accepting;
    private readonly Lock _lock = new();
    private readonly List<Line> _lines = [];
    private int _breaks;

    internal TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    internal int Port { get; }

    /// <summary>Sends later connections to another port.</summary>
    internal void Redirect(int target) => Volatile.Write(ref _target, target);

    /// <summary>Gets or sets whether whatever either side says is thrown away, and connections stay open: as if a cable had been pulled.</summary>
    internal bool IsBlackHole
    {
        get => Volatile.Read(ref _isBlackHole);
        set => Volatile.Write(ref _isBlackHole, value);
    }

    /// <summary>Gets or sets how long everything takes longer, each way.</summary>
    internal TimeSpan Delay { get; set; }

    /// <summary>Gets or sets how many bytes go through at once, each way, with <see cref="Delay"/> between.</summary>
    internal int ChunkBytesMax { get; set; } = 64 << 10;

    /// <summary>Gets or sets whether what the client says waits here instead of going to the server.</summary>
    internal bool HoldsRequests
    {
        get => Volatile.Read(ref _holdsRequests);
        set => Volatile.Write(ref _holdsRequests, value);
    }

    /// <summary>Gets or sets whether what the server says is thrown away.</summary>
    internal bool DropsAnswers
    {
        get => Volatile.Read(ref _dropsAnswers);
        set => Volatile.Write(ref _dropsAnswers, value);
    }

    /// <summary>Gets or sets whether new connections are closed at once.</summary>
    internal bool Refuses
    {
        get => Volatile.Read(ref _refuses);
        set => Volatile.Write(ref _refuses, value);
    }

    /// <summary>Gives a signal each time something is held or thrown away.</summary>
    internal Channel<int> Stopped { get; } = Channel.CreateUnbounded<int>();

    /// <summary>Breaks the clients' connections; those to the server stay open when <paramref name="keepsServers"/>.</summary>
    internal List<Line> Break(bool keepsServers = false)
    {
        lock (_lock)
        {
            _breaks++;
            var broken = _lines.ToList();
            _lines.Clear();
            foreach (var line in broken)
            {
                line.KeepsServer = keepsServers;
                line.Client.Close();
                if (!keepsServers)
                {
                    line.Server.Close();
                }
            }

            return broken;
        }
    }

    /// <summary>Holds requests no more, and lets the servers have what was held.</summary>
    internal async Task LetGoAsync()
    {
        List<Line> lines;
        lock (_lock)
        {
            lines = [.. _lines];
        }

        HoldsRequests = false;
        foreach (var line in lines)
        {
            await line.Server.GetStream().WriteAsync(line.Held.ToArray());
            line.Held.SetLength(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Break();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                var breaks = Volatile.Read(ref _breaks);
                if (Refuses)
                {
                    client.Close();
                    continue;
                }

                var server = new TcpClient();
                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, Volatile.Read(ref _target));
                }
                catch (SocketException)
                {
                    client.Close();     // nobody listens there: the client learns it as it would without a proxy
                    server.Close();
                    continue;
                }

                var line = new Line(client, server);
                if (TryAdd(line, breaks))
                {
                    _ = ForwardAsync(line, client, server, isRequest: true);
                    _ = ForwardAsync(line, server, client, isRequest: false);
                }
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    /// <summary>Adds a connection, unless all were broken while it was made.</summary>
    private bool TryAdd(Line line, int breaks)
    {
        lock (_lock)
        {
            if (breaks == _breaks)
            {
                _lines.Add(line);
                return true;
            }
        }

        line.Client.Close();
        line.Server.Close();
        return false;
    }

    private async Task ForwardAsync(Line line, TcpClient from, TcpClient to, bool isRequest)
    {
        var buffer = new byte[64 << 10];
        try
        {
            var (source, destination) = (from.GetStream(), to.GetStream());
            int count;
            while ((count = await source.ReadAsync(buffer.AsMemory(0, ChunkBytesMax))) > 0)
            {
                if (Delay > TimeSpan.Zero)
                {
                    await Task.Delay(Delay);
                }

                if (IsBlackHole)
                {
                    Stopped.Writer.TryWrite(count);
                }
                else if (isRequest && HoldsRequests)
                {
                    line.Held.Write(buffer, 0, count);
                    Stopped.Writer.TryWrite(count);
                }
                else if (!isRequest && DropsAnswers)
                {
                    Stopped.Writer.TryWrite(count);
                }
                else
                {
                    await destination.WriteAsync(buffer.AsMemory(0, count));
                }
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has gone; the other learns it below.
        }

        var isKept = IsBlackHole || (isRequest ? line.KeepsServer || HoldsRequests : DropsAnswers);
        if (!isKept)
        {
            to.Close();
        }
    }

    /// <summary>One connection of a client and its twin to the server.</summary>
    internal sealed record Line(TcpClient Client, TcpClient Server)
    {
        internal MemoryStream Held { get; } = new();

        /// <summary>Gets or sets whether the end of the client is kept from the server.</summary>
        internal bool KeepsServer { get; set; }

        /// <summary>Lets the server have what was held, and waits until it has answered or gone.</summary>
        internal async Task ReleaseAsync()
        {
            var stream = Server.GetStream();
            await stream.WriteAsync(Held.ToArray());
            var answer = new byte[1];
            await stream.ReadExactlyAsync(answer);
        }
    }
}

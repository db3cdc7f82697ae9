using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster.Tests;

/// <summary>A cluster's roots and the identities, servers and links of its nodes, on loopback.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<IAsyncDisposable> _open = [];

    internal TestCluster(string name = "tests") => (Name, Root) = (new ClusterName(name), NewRoot(new ClusterName(name)));

    internal ClusterName Name { get; }

    internal AuthorityRoot Root { get; }

    internal RecordingLogger Log { get; } = new();

    internal static AuthorityRoot NewRoot(ClusterName name) => AuthorityRoot.Create(name, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));

    /// <summary>Issues a certificate with its key.</summary>
    internal static X509Certificate2 Certificate(
        AuthorityRoot root, ClusterName cluster, string node, TimeSpan? lifetime = null, DateTimeOffset? now = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = root.Issue(cluster, new NodeId(node), new PublicKey(key), now ?? DateTimeOffset.UtcNow, lifetime ?? TimeSpan.FromHours(1));
        return issued.CopyWithPrivateKey(key);
    }

    internal ClusterIdentity Identity(string node) => new(Name, Certificate(Root, Name, node), [Root.Certificate]);

    internal async Task<ClusterLinkServer> ServeAsync(
        IClusterRequestHandler handler, ClusterIdentity? identity = null, ClusterLinkServerOptions? options = null)
    {
        var server = await ClusterLinkServer.StartAsync(
            identity ?? Identity("server"), handler, options ?? Options(), Log);
        _open.Add(server);
        return server;
    }

    internal static ClusterLinkServerOptions Options(int port = 0) =>
        new() { Listen = new IPEndPoint(IPAddress.Loopback, port), DrainTimeout = TimeSpan.FromSeconds(2), KeepAliveTimeout = Patience };

    /// <summary>Gets options by which a machine that does something else for a while is not taken for one that is gone.</summary>
    internal static ClusterLinkOptions PatientOptions => new()
    {
        ReconnectDelayMax = TimeSpan.FromMilliseconds(200), ConnectTimeout = Patience, KeepAliveDelay = Patience, KeepAliveTimeout = Patience,
    };

    internal ClusterLinks Links(ClusterIdentity? identity = null, ClusterLinkOptions? options = null)
    {
        var links = new ClusterLinks(identity ?? Identity("client"), options ?? PatientOptions, Log);
        _open.Add(links);
        return links;
    }

    /// <summary>Starts a server and links that know it, at its own port or a proxy's.</summary>
    internal async Task<(ClusterLinks Links, NodeId Node)> JoinAsync(IClusterRequestHandler handler, ClusterLinkServerOptions? options = null, int? port = null)
    {
        var server = await ServeAsync(handler, options: options);
        var links = Links();
        links.SetAddress(new NodeId("server"), "127.0.0.1", port ?? server.Address.Port);
        return (links, new NodeId("server"));
    }

    internal static ClusterRequest Request(ReadOnlyMemory<byte> payload, TimeSpan? remaining = null, Guid? operation = null, int shard = 7) =>
        new(operation ?? Guid.NewGuid(), new ShardId("default", shard), remaining ?? Patience, payload);

    /// <summary>Waits until something was logged.</summary>
    internal Task LoggedAsync(Func<string, bool> isIt) => UntilAsync(() => Log.Lines.Any(isIt));

    internal static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var rhythm = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!holds())
        {
            await rhythm.WaitForNextTickAsync(patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var open in Enumerable.Reverse(_open))
        {
            await open.DisposeAsync();
        }

        Root.Dispose();
    }
}

/// <summary>Keeps what was logged, to be printed when a test fails.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    internal IReadOnlyCollection<string> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
}

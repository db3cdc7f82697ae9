using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>Goal: what goes over the link is counted, at both ends. Other tests of this process count too, so what is known is that numbers rise.</summary>
public sealed class MeterTests : IAsyncLifetime
{
    private static readonly NodeId Server = new("server");

    private readonly TestCluster _cluster = new();
    private readonly ConcurrentDictionary<string, long> _counted = new();
    private readonly MeterListener _listener = new();

    public Task InitializeAsync()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Kyberium.Engine.Cluster")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _counted.AddOrUpdate(instrument.Name, value, (_, known) => known + value));
        _listener.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _listener.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Requests_bytes_connections_and_their_loss_are_counted()
    {
        var server = await _cluster.ServeAsync(new EchoHandler());
        var links = _cluster.Links();
        await using var proxy = new TcpProxy(server.Address.Port);
        links.SetAddress(Server, "127.0.0.1", proxy.Port);
        for (var count = 0; count < 3; count++)
        {
            Assert.Equal(ClusterAnswerStatus.Done, (await links.SendAsync(Server, TestCluster.Request(new byte[10_000]))).Status);
        }

        Assert.True(Of("requests.asked") >= 3 && Of("requests.served") >= 3, Text());
        Assert.True(Of("bytes.sent") >= 60_000 && Of("bytes.received") >= 60_000, Text());
        Assert.True(Of("connections.made") >= 1, Text());

        proxy.Break();
        await TestCluster.UntilAsync(() => Of("connections.lost") >= 1);      // nobody uses it: it is found lost all the same
        Assert.Equal(ClusterAnswerStatus.Done, (await links.SendAsync(Server, TestCluster.Request(default))).Status);
        Assert.True(Of("connections.remade") >= 1, Text());

        var failed = Of("requests.failed");
        proxy.Refuses = true;
        proxy.Break();
        Assert.Equal(ClusterAnswerStatus.Failed, (await links.SendAsync(Server, TestCluster.Request(default, TimeSpan.FromSeconds(1)))).Status);
        Assert.True(Of("requests.failed") > failed, Text());
        await TestCluster.UntilAsync(() => Of("connections.failed") >= 1);
    }

    [Fact]
    public async Task A_refused_certificate_is_counted()
    {
        var server = await _cluster.ServeAsync(new EchoHandler());
        using var forged = TestCluster.NewRoot(_cluster.Name);
        await using var links = _cluster.Links(new ClusterIdentity(_cluster.Name, TestCluster.Certificate(forged, _cluster.Name, "client"), [_cluster.Root.Certificate]));
        links.SetAddress(Server, "127.0.0.1", server.Address.Port);
        Assert.Equal(ClusterAnswerStatus.Failed, (await links.SendAsync(Server, TestCluster.Request(default, TimeSpan.FromSeconds(1)))).Status);
        await TestCluster.UntilAsync(() => Of("connections.refused") >= 1);
    }

    private long Of(string name) => _counted.GetValueOrDefault("kyberium.cluster." + name);

    private string Text() => string.Join(", ", _counted);
}

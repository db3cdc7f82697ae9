using System.Net;
using Kyberium.Engine.Cluster.Tests.Joining;

namespace Kyberium.Engine.Cluster.Tests.Nodes;

/// <summary>Goal: whatever happens between two writes of a node's state, the node comes back with a certificate that was its own, and with its last one when it
/// ended in order.</summary>
public sealed class NodeGrantTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kyberium-node-");
    private StandInLighthouse _lighthouse = null!;

    private string State => Path.Combine(_folder.FullName, "node.json");

    public async Task InitializeAsync() => _lighthouse = await StandInLighthouse.StartAsync(_cluster, TimeProvider.System);

    public async Task DisposeAsync()
    {
        await _lighthouse.DisposeAsync();
        await _cluster.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Certificates_replaced_one_right_after_the_other_leave_the_last_one_in_the_file()
    {
        var last = "";
        await using (var grant = await OpenAsync())
        {
            for (var count = 0; count < 20; count++)
            {
                last = Replace(grant);
            }
        }

        await using var again = await OpenAsync(token: "");
        Assert.Equal(last, again.Identity.Certificate.SerialNumber);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(State));
        }
    }

    // A crash leaves the whole file of before, and beside it a part of the next one.
    [Fact]
    public async Task After_a_crash_within_a_write_the_node_comes_back_with_the_certificate_before_and_writes_again()
    {
        string first, second;
        await using (var grant = await OpenAsync())
        {
            first = grant.Identity.Certificate.SerialNumber;
        }

        await File.WriteAllTextAsync(State + ".tmp", "{ \"format\": 1, \"certif");
        await using (var grant = await OpenAsync(token: ""))
        {
            Assert.Equal(first, grant.Identity.Certificate.SerialNumber);
            second = Replace(grant);
        }

        await using var again = await OpenAsync(token: "");
        Assert.Equal(second, again.Identity.Certificate.SerialNumber);
        Assert.False(File.Exists(State + ".tmp"));
    }

    [Fact]
    public async Task A_write_that_fails_is_told_stays_in_force_and_does_not_hold_up_the_next_one()
    {
        string last;
        await using (var grant = await OpenAsync())
        {
            Directory.CreateDirectory(State + ".tmp");
            var unkept = Replace(grant);
            await _cluster.LoggedAsync(static line => line.StartsWith("1112", StringComparison.Ordinal));
            Assert.Equal(unkept, grant.Identity.Certificate.SerialNumber);
            Directory.Delete(State + ".tmp");
            last = Replace(grant);
        }

        await using var again = await OpenAsync(token: "");
        Assert.Equal(last, again.Identity.Certificate.SerialNumber);
    }

    [Fact]
    public async Task What_a_Lighthouse_says_at_a_renewal_counts_from_the_next_start()
    {
        _lighthouse.Policies = ["/etc/policies"];
        await using (var grant = await OpenAsync())
        {
            Assert.Equal(["/etc/policies"], grant.Policies);
            _lighthouse.Policies = ["/srv/policies"];
            await ClusterJoin.RenewAsync(Joining(), grant.Identity, grant.Learn, CancellationToken.None).WaitAsync(TestCluster.Patience);
        }

        await using var again = await OpenAsync(token: "");
        Assert.Equal(["/srv/policies"], again.Policies);
    }

    private string Replace(NodeGrant grant)
    {
        var next = TestCluster.Certificate(_cluster.Root, _cluster.Name, "node-1");
        grant.Identity.Replace(next, [_cluster.Root.Certificate]);
        return next.SerialNumber;
    }

    private ClusterJoinOptions Joining() => new() { Lighthouses = [_lighthouse.Address], Cluster = _cluster.Name, Node = new NodeId("node-1"), Timeout = TestCluster.Patience };

    private Task<NodeGrant> OpenAsync(string? token = null) => NodeGrant.OpenAsync(
        new ClusterNodeOptions
        {
            Cluster = _cluster.Name, Node = new NodeId("node-1"), Listen = new IPEndPoint(IPAddress.Loopback, 0), Lighthouses = [_lighthouse.Address], StateFile = State,
            Token = token ?? _lighthouse.Token,
        },
        shardCount: 4, _cluster.Log, renews: true, CancellationToken.None).WaitAsync(TestCluster.Patience);
}

using System.Net;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;

namespace Kyberium.Lighthouse.Tests;

/// <summary>Goal: a certificate that an operator denies opens nothing any more, at Lighthouses and at the other nodes, and who denied it can be read.</summary>
public sealed class DenyingTests : IAsyncLifetime, IClusterRequestHandler
{
    private static readonly NodeId Server = new("server");

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("kyberium-lighthouse-");
    private string _folder = "";

    public async Task InitializeAsync()
    {
        _folder = Path.Combine(_scratch.FullName, "authority");
        var (code, _, error) = await LighthouseProcess.RunAsync(_folder, "ca", "create", "--cluster", "orders");
        Assert.True(code == 0, error);
    }

    public Task DisposeAsync()
    {
        _scratch.Delete(recursive: true);
        return Task.CompletedTask;
    }

    public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(ClusterAnswer.Done(default));

    [Fact]
    public async Task A_node_that_is_denied_can_no_longer_call_others_renew_or_ask_and_joins_again_with_a_token_only()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var (server, client) = (await NodeAsync(lighthouse, "server"), await NodeAsync(lighthouse, "client"));
        await using var refreshed = ClusterRenewal.Start(Options(lighthouse, "server"), server);
        await using var listening = await ClusterLinkServer.StartAsync(
            server, this, new ClusterLinkServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), DrainTimeout = TimeSpan.Zero });
        await using var links = new ClusterLinks(client, new ClusterLinkOptions { ReconnectDelayMax = TimeSpan.FromMilliseconds(200) });
        links.SetAddress(Server, "127.0.0.1", listening.Address.Port);
        Assert.Equal(ClusterAnswerStatus.Done, (await CallAsync(links, LighthouseProcess.Patience)).Status);

        // Renewed once: --node denies every certificate that it has.
        var old = client.Certificate.SerialNumber;
        await ClusterJoin.RenewAsync(Options(lighthouse, "client"), client).WaitAsync(LighthouseProcess.Patience);
        var (code, output, error) = await LighthouseProcess.RunAsync(_folder, "certificate", "deny", "--node", "client");
        Assert.True(code == 0, error);
        var by = $" by {Environment.UserName}";
        Assert.Equal(2, output.Split('\n').Count(line => line.Contains("| client |", StringComparison.Ordinal) && line.EndsWith(by, StringComparison.Ordinal)));
        Assert.Contains(old, output, StringComparison.Ordinal);

        var renewal = await Assert.ThrowsAsync<EngineException>(() => ClusterJoin.RenewAsync(Options(lighthouse, "client"), client).WaitAsync(LighthouseProcess.Patience));
        Assert.Equal(EngineErrorCode.JoinProofInvalid, renewal.Code);
        using var patience = new CancellationTokenSource(LighthouseProcess.Patience);
        while ((await CallAsync(links, TimeSpan.FromMilliseconds(800))).Status == ClusterAnswerStatus.Done)
        {
            Assert.False(patience.IsCancellationRequested, "the server goes on answering a node that was denied");
        }

        Assert.Equal(EngineErrorCode.NodeUnreachable, (await CallAsync(links, TimeSpan.FromMilliseconds(800))).Code);
        Assert.Equal(2, server.Current.Trust.Denied.Count);
        var again = await NodeAsync(lighthouse, "client");
        client.Replace(again.Certificate, again.Current.Trust.Roots, []);
        Assert.Equal(ClusterAnswerStatus.Done, (await CallAsync(links, LighthouseProcess.Patience)).Status);
        Assert.Contains("it was denied", (await lighthouse.StopAsync()).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_denied_by_its_number_and_what_cannot_be_is_told()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var (one, other) = (await NodeAsync(lighthouse, "one"), await NodeAsync(lighthouse, "other"));
        var denied = await LighthouseProcess.RunAsync(_folder, "certificate", "deny", one.Certificate.SerialNumber.ToLowerInvariant());
        Assert.True(denied.Code == 0, denied.Error);
        var elsewhere = await LighthouseProcess.RunAsync(_folder, "certificate", "deny", "0123ABCD");
        Assert.Contains("0123ABCD | - |", elsewhere.Output, StringComparison.Ordinal);

        var list = (await LighthouseProcess.RunAsync(_folder, "certificate", "list")).Output.Split('\n');
        Assert.Equal(3, list.Length);
        Assert.EndsWith("in force", list.Single(line => line.StartsWith(other.Certificate.SerialNumber, StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "certificates.json")));
        await ClusterJoin.RefreshAsync(Options(lighthouse, "other"), other, CancellationToken.None).WaitAsync(LighthouseProcess.Patience);
        Assert.Equal(new HashSet<string> { "0123ABCD", one.Certificate.SerialNumber }, other.Current.Trust.Denied.ToHashSet());

        Assert.StartsWith("KY1015", (await LighthouseProcess.RunAsync(_folder, "certificate", "deny", "--node", "nobody")).Error, StringComparison.Ordinal);
        Assert.StartsWith("KY1015", (await LighthouseProcess.RunAsync(_folder, "certificate", "deny", "xyz")).Error, StringComparison.Ordinal);
        Assert.StartsWith("KY1015", (await LighthouseProcess.RunAsync(_folder, "certificate", "deny")).Error, StringComparison.Ordinal);
    }

    private static ValueTask<ClusterAnswer> CallAsync(ClusterLinks links, TimeSpan remaining) =>
        links.SendAsync(Server, new ClusterRequest(Guid.NewGuid(), new ShardId("default", 1), remaining, default));

    private static ClusterJoinOptions Options(LighthouseProcess lighthouse, string name) => new()
    {
        Lighthouses = [lighthouse.Address], Cluster = new ClusterName("orders"), Node = new NodeId(name), RefreshInterval = TimeSpan.FromMilliseconds(200),
    };

    private async Task<ClusterIdentity> NodeAsync(LighthouseProcess lighthouse, string name)
    {
        var token = (await LighthouseProcess.RunAsync(_folder, "token", "create")).Output;
        return (await ClusterJoin.JoinAsync(Options(lighthouse, name), token).WaitAsync(LighthouseProcess.Patience)).Identity;
    }
}

using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;

namespace Kyberium.Lighthouse.Tests;

/// <summary>Goal: with real processes, who has a token in force becomes a node, and nobody else does.</summary>
public sealed class JoiningTests : IAsyncLifetime
{
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("kyberium-lighthouse-");
    private string _folder = "";

    public async Task InitializeAsync()
    {
        _folder = Path.Combine(_scratch.FullName, "authority");
        var (code, output, error) = await LighthouseProcess.RunAsync(_folder, "ca", "create", "--cluster", "orders");
        Assert.True(code == 0, error);
        Assert.Contains("cluster orders, stable", output, StringComparison.Ordinal);
    }

    public Task DisposeAsync()
    {
        _scratch.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_node_joins_with_a_token_renews_with_its_certificate_and_is_told_what_it_needs()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(
            _folder, null, "shard-count=12", "database=Host=db", "policies=/etc/policies", "lighthouses=a:1,b:2");

        var grant = await ClusterJoin.JoinAsync(Node(lighthouse), await TokenAsync()).WaitAsync(LighthouseProcess.Patience);
        Assert.Equal(("orders", "node-1"), (grant.Identity.Cluster.Value, grant.Identity.Node.Value));
        Assert.Equal((12, "Host=db"), (grant.ShardCount, grant.Database));
        Assert.Equal(["/etc/policies"], grant.Policies);
        Assert.Equal(["a:1", "b:2"], grant.Lighthouses);

        var before = grant.Identity.Certificate.SerialNumber;
        await ClusterJoin.RenewAsync(Node(lighthouse), grant.Identity).WaitAsync(LighthouseProcess.Patience);
        Assert.NotEqual(before, grant.Identity.Certificate.SerialNumber);

        var (code, log) = await lighthouse.StopAsync();
        Assert.Equal(0, code);
        Assert.Contains("Node node-1 joined with token", log, StringComparison.Ordinal);
        Assert.Contains("Node node-1 renewed its certificate", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_one_node_works_once_also_with_two_Lighthouses_and_after_a_restart()
    {
        var first = await LighthouseProcess.ServeAsync(_folder);
        await using var second = await LighthouseProcess.ServeAsync(_folder);
        var token = await TokenAsync();
        var attempts = Enumerable.Range(0, 8).Select(number => CodeAsync(Node(number % 2 == 0 ? first : second, $"node-{number}"), token));

        var codes = await Task.WhenAll(attempts);
        Assert.Equal(1, codes.Count(code => code is null));
        Assert.Equal(7, codes.Count(code => code == EngineErrorCode.JoinProofInvalid));

        await first.StopAsync("KILL");
        await first.DisposeAsync();
        await using var again = await LighthouseProcess.ServeAsync(_folder);
        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(again), token));
        Assert.Null(await CodeAsync(Node(again), await TokenAsync()));
    }

    [Fact]
    public async Task A_token_for_many_works_until_it_expires_and_one_that_has_expired_does_not()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var token = await TokenAsync("--many");
        Assert.Null(await CodeAsync(Node(lighthouse, "node-1"), token));
        Assert.Null(await CodeAsync(Node(lighthouse, "node-2"), token));

        var file = Path.Combine(_folder, "tokens", token.Split('.')[1] + ".json");
        var stored = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        stored["expires"] = DateTimeOffset.UtcNow.AddSeconds(-1);
        await File.WriteAllTextAsync(file, stored.ToJsonString());

        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(lighthouse, "node-3"), token));
        Assert.Contains("it has expired", (await lighthouse.StopAsync()).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_secret_an_unknown_token_and_another_root_are_refused()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var parts = (await TokenAsync()).Split('.');
        var another = System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(lighthouse), "kyj1"));
        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(lighthouse), string.Join('.', parts[0], parts[1], another, parts[3])));
        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(lighthouse), string.Join('.', parts[0], "0123456789abcdef", parts[2], parts[3])));
        Assert.Equal(EngineErrorCode.JoinProofInvalid, await CodeAsync(Node(lighthouse), string.Join('.', parts[0], parts[1], parts[2], another)));
        Assert.Null(await CodeAsync(Node(lighthouse), string.Join('.', parts)));       // none of these used it up

        var log = (await lighthouse.StopAsync()).Log;
        Assert.Contains("its secret is wrong", log, StringComparison.Ordinal);
        Assert.Contains("there is no such token", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_cluster_and_an_older_version_are_refused_and_use_no_token_up()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder, null, "node-version-min=2.0");
        var token = await TokenAsync();

        Assert.Equal(EngineErrorCode.NodeVersionUnsupported, await CodeAsync(Node(lighthouse, version: new Version(1, 9)), token));
        // A Lighthouse of another cluster than the node's is refused by the node before it shows the token.
        Assert.Equal(EngineErrorCode.ClusterRefused, await CodeAsync(Node(lighthouse, cluster: "invoices", version: new Version(2, 0)), token));
        Assert.Null(await CodeAsync(Node(lighthouse, version: new Version(2, 0)), token));
    }

    [Fact]
    public async Task The_next_Lighthouse_is_asked_when_one_is_down()
    {
        var gone = await LighthouseProcess.ServeAsync(_folder);
        await using var there = await LighthouseProcess.ServeAsync(_folder);
        await gone.StopAsync("KILL");
        await gone.DisposeAsync();
        var options = new ClusterJoinOptions
        {
            Lighthouses = [gone.Address, there.Address], Cluster = new ClusterName("orders"), Node = new NodeId("node-1"), Version = new Version(1, 0),
        };

        var grant = await ClusterJoin.JoinAsync(options, await TokenAsync()).WaitAsync(LighthouseProcess.Patience);
        await there.StopAsync();

        Assert.Equal("node-1", grant.Identity.Node.Value);
        var none = await Assert.ThrowsAsync<EngineException>(() => ClusterJoin.RenewAsync(options, grant.Identity).WaitAsync(LighthouseProcess.Patience));
        Assert.Equal(EngineErrorCode.NodeUnreachable, none.Code);
    }

    [Fact]
    public async Task A_root_is_rotated_while_nodes_renew()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        var grant = await ClusterJoin.JoinAsync(Node(lighthouse), await TokenAsync()).WaitAsync(LighthouseProcess.Patience);
        foreach (var (stage, roots) in new[] { ("introducing", 2), ("replacing", 2), ("stable", 1) })
        {
            var early = await LighthouseProcess.RunAsync(_folder, "ca", "rotate");
            Assert.Equal(stage == "introducing" ? 0 : 70, early.Code);
            if (early.Code != 0)
            {
                Assert.Contains("KY4021", early.Error, StringComparison.Ordinal);
                Assert.Equal(0, (await LighthouseProcess.RunAsync(_folder, "ca", "rotate", "--force")).Code);
            }

            var shown = (await LighthouseProcess.RunAsync(_folder, "ca", "show")).Output;
            Assert.Contains($"cluster orders, {stage}", shown, StringComparison.Ordinal);
            Assert.Equal(roots, shown.Split('\n').Count(line => line.StartsWith("root ", StringComparison.Ordinal)));
            await ClusterJoin.RenewAsync(Node(lighthouse), grant.Identity).WaitAsync(LighthouseProcess.Patience);
        }
    }

    [Fact]
    public async Task A_certificate_can_be_issued_by_hand_and_its_key_is_private()
    {
        var folder = Path.Combine(_scratch.FullName, "node");
        var (code, output, error) = await LighthouseProcess.RunAsync(_folder, "ca", "issue", "--node", "node-9", "--out", folder);

        Assert.True(code == 0, error);
        Assert.Contains("node node-9 of cluster orders", output, StringComparison.Ordinal);
        using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(
            Path.Combine(folder, "node.pem"), Path.Combine(folder, "node.key"));
        var roots = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
        roots.ImportFromPemFile(Path.Combine(folder, "roots.pem"));
        Assert.Equal("node-9", new ClusterIdentity(new ClusterName("orders"), certificate, roots).Node.Value);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "node.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "authority.json")));
    }

    [Fact]
    public async Task What_cannot_be_is_told_in_one_line_with_its_code()
    {
        Assert.StartsWith("KY4021", (await LighthouseProcess.RunAsync(_folder, "ca", "create", "--cluster", "orders")).Error, StringComparison.Ordinal);
        Assert.StartsWith("KY1015", (await LighthouseProcess.RunAsync(_folder, "token", "create", "--expires", "soon")).Error, StringComparison.Ordinal);
        var (code, _, error) = await LighthouseProcess.RunAsync(Path.Combine(_scratch.FullName, "nowhere"), "serve", "--set", "kyberium.lighthouse.listen=127.0.0.1:0");
        Assert.Equal(70, code);
        Assert.Contains("lighthouse ca create", error, StringComparison.Ordinal);

        File.SetUnixFileMode(Path.Combine(_folder, "authority.json"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.StartsWith("KY4008", (await LighthouseProcess.RunAsync(_folder, "ca", "show")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_variables_of_Akkas_Lighthouse_are_understood()
    {
        var variables = new Dictionary<string, string>
        {
            ["ACTORSYSTEM"] = "orders", ["CLUSTER_IP"] = "lighthouse-0", ["CLUSTER_PORT"] = "4053",
            ["CLUSTER_SEEDS"] = "[\"akka.tcp://orders@lighthouse-0:4053\",\"akka.tcp://orders@lighthouse-1:4053\"]",
        };
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder, variables);
        var grant = await ClusterJoin.JoinAsync(Node(lighthouse), await TokenAsync()).WaitAsync(LighthouseProcess.Patience);
        Assert.Equal(["lighthouse-0:4053", "lighthouse-1:4053"], grant.Lighthouses);

        variables["ACTORSYSTEM"] = "invoices";
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => LighthouseProcess.ServeAsync(_folder, variables));
        Assert.Contains("KY1016", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"format":1,"cluster":"invoices","node":"n","version":"1.0","signingRequest":""}""", 1016)]
    [InlineData("""{"format":2,"cluster":"orders","node":"n","version":"1.0","signingRequest":""}""", 1021)]
    [InlineData("""{"format":1,"cluster":"orders","node":"n","version":"0.0","signingRequest":""}""", 1021)]
    [InlineData("""{"format":1,"cluster":"orders","node":"a b","version":"1.0","signingRequest":""}""", 1015)]
    [InlineData("""{"format":1,"cluster":"orders","node":"n","version":"1.0","signingRequest":""}""", 1022)]
    [InlineData("""{"format":1,"cluster":"orders"}""", 1015)]
    [InlineData("nothing", 1015)]
    public async Task A_request_that_does_not_fit_is_refused_with_its_code(string body, int code)
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        });
        foreach (var path in new[] { "join", "renew" })
        {
            using var response = await http.PostAsync(new Uri($"https://{lighthouse.Address}/kyberium/cluster/v1/{path}"), new StringContent(body))
                .WaitAsync(LighthouseProcess.Patience);

            Assert.Equal(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
            Assert.Equal(code, (int)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"]!);
        }
    }

    [Fact]
    public async Task Health_is_told_to_anybody()
    {
        await using var lighthouse = await LighthouseProcess.ServeAsync(_folder);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        });

        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"https://{lighthouse.Address}/kyberium/cluster/v1/health")).WaitAsync(LighthouseProcess.Patience));
    }

    private async Task<string> TokenAsync(params string[] options)
    {
        var (code, output, error) = await LighthouseProcess.RunAsync(_folder, ["token", "create", .. options]);
        Assert.True(code == 0, error);
        return output;
    }

    private static ClusterJoinOptions Node(LighthouseProcess lighthouse, string node = "node-1", string cluster = "orders", Version? version = null) => new()
    {
        Lighthouses = [lighthouse.Address], Cluster = new ClusterName(cluster), Node = new NodeId(node), Version = version ?? new Version(1, 0),
    };

    private static async Task<EngineErrorCode?> CodeAsync(ClusterJoinOptions options, string token)
    {
        try
        {
            await ClusterJoin.JoinAsync(options, token).WaitAsync(LighthouseProcess.Patience);
            return null;
        }
        catch (EngineException refused)
        {
            return refused.Code;
        }
    }
}

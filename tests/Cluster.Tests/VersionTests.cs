namespace Kyberium.Cluster.Tests;

/// <summary>Goal: a node's program that is too old for its cluster does not get in, and says why.</summary>
public sealed class VersionTests
{
    [Fact]
    public async Task A_node_that_is_too_old_is_refused_with_a_code_and_its_token_is_not_used_up()
    {
        using var node = new ScratchNode();
        var authority = Path.Combine(node.Root, "authority");
        Assert.Equal(0, (await LighthouseProcess.RunAsync(authority, "ca", "create", "--cluster", "orders")).Code);
        await File.WriteAllTextAsync(Path.Combine(node.Root, "token"), (await LighthouseProcess.RunAsync(authority, "token", "create")).Output.Split('\n')[0]);
        await node.SucceedAsync("keyring", "create");
        await using var lighthouse = await LighthouseProcess.ServeAsync(authority, null, "shard-count=4", "node-version-min=9.0");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => JoinAsync(node, lighthouse));
        Assert.Contains("KY1021: version '0.1.0.0' may not join, 9.0 is the least; update the node", refused.Message, StringComparison.Ordinal);
        Assert.Equal(".json", Path.GetExtension(Assert.Single(Directory.GetFiles(Path.Combine(authority, "tokens")))));      // one that is used up ends in .used
    }

    private static Task<KyberiumProcess> JoinAsync(ScratchNode node, LighthouseProcess lighthouse) => KyberiumProcess.ServeAtAsync(
        ProcessPlace.Here,
        [
            .. node.Location(), .. new[] { "name=orders", "node=n1", "listen=127.0.0.1:0", $"lighthouses={lighthouse.Address}", $"token-file={Path.Combine(node.Root, "token")}" }
                .SelectMany(static setting => new[] { "--set", "kyberium.host.cluster." + setting }),
        ]);
}

namespace Kyberium.Samples.Tests;

/// <summary>Goal: every sample does what it says. Method: each runs as a process of its own, with a real store and keyring.</summary>
public sealed class SampleTests
{
    [Theory]
    [InlineData("Embedding", new[] { "started", "identity 'default' has this public document:", "-----BEGIN KYBERIUM PUBLIC DOCUMENT-----", "stopped" })]
    [InlineData("Standalone", new[] { "bob opened 'now' from alice", "bob received 'for sure' from alice, number 1", "acknowledged" })]
    [InlineData("Pipelines", new[] { "one reading was not sealed: PeerUnknown", "10000 opened in order, 0 refused" })]
    [InlineData("LargeStream", new[] { "bob received 20971520 bytes in 80 chunks, same as sent: True" })]
    public async Task A_sample_prints_what_it_promises(string sample, string[] expected)
    {
        var home = Directory.CreateTempSubdirectory("kyberium-sample-");
        try
        {
            Assert.Equal(expected, await BuiltProgram.RunAsync($"samples/{sample}", $"Kyberium.Samples.{sample}", home.FullName, home.FullName));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    // What it does in a cluster is tests/Cluster.Tests' to show: it needs a Lighthouse and a database.
    [Fact]
    public async Task The_sample_of_a_clusters_node_says_how_it_is_used_and_why_it_has_not_joined()
    {
        var home = Directory.CreateTempSubdirectory("kyberium-sample-");
        try
        {
            const string Sample = "samples/ClusterNode", Assembly = "Kyberium.Samples.ClusterNode";
            Assert.Equal(64, (await BuiltProgram.FailAsync(Sample, Assembly, home.FullName)).Code);
            var token = $"kyj1.0123456789abcdef.{new string('A', 43)}.{new string('A', 43)}";
            var nobody = await BuiltProgram.FailAsync(Sample, Assembly, home.FullName, home.FullName, "node-1", "127.0.0.1:1", token);
            Assert.Equal(1, nobody.Code);
            Assert.Contains("NodeUnreachable", nobody.Errors, StringComparison.Ordinal);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}

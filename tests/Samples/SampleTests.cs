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
}

using System.Diagnostics;

namespace Kyberium.Samples.Tests;

/// <summary>Goal: every sample does what it says. Method: each runs as a process of its own, with a real store and keyring.</summary>
public sealed class SampleTests
{
    [Theory]
    [InlineData("Embedding", new[] { "started", "identity 'default' has this public document:", "-----BEGIN KYBERIUM PUBLIC DOCUMENT-----", "stopped" })]
    [InlineData("Standalone", new[] { "bob received 'order 66' from alice, number 1", "acknowledged" })]
    [InlineData("Pipelines", new[] { "one reading was not sealed: PeerUnknown", "10000 opened in order, 0 refused" })]
    [InlineData("LargeStream", new[] { "bob received 20971520 bytes in 80 chunks, same as sent: True" })]
    public async Task A_sample_prints_what_it_promises(string sample, string[] expected)
    {
        var home = Directory.CreateTempSubdirectory("kyberium-sample-");
        try
        {
            using var timely = new CancellationTokenSource(TimeSpan.FromSeconds(120));
            using var process = Process.Start(new ProcessStartInfo(
                Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
                ["exec", Program(sample), home.FullName])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = home.FullName,
            })!;
            var output = process.StandardOutput.ReadToEndAsync(timely.Token);
            var errors = process.StandardError.ReadToEndAsync(timely.Token);
            try
            {
                await process.WaitForExitAsync(timely.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            Assert.True(process.ExitCode == 0, await errors);
            Assert.Equal(expected, (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    /// <summary>Finds a sample where it was built: beside it lies what it needs, and nothing the tests added.</summary>
    private static string Program(string sample) => Path.Combine(
        AppContext.BaseDirectory
            .Replace("tests/Samples/", $"samples/{sample}/", StringComparison.Ordinal)
            .Replace("Kyberium.Samples.Tests", $"Kyberium.Samples.{sample}", StringComparison.Ordinal),
        $"Kyberium.Samples.{sample}.dll");
}

using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Host;

namespace Kyberium.Tests.Support;

/// <summary>What one command line gave.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>A node's directory, keyring and commands, in a folder of its own. Commands run in this process.</summary>
internal sealed class ScratchNode(string dataFolder = "data") : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal string Root { get; } = Directory.CreateTempSubdirectory("kyberium-host-").FullName;

    internal string Data => Path.Combine(Root, dataFolder);

    internal string Keyring => Path.Combine(Root, "keys", "master");

    internal string Document => Path.Combine(Root, "node.pub");

    /// <summary>Makes a keyring, a small store with the default identity, and writes the public document.</summary>
    internal static async Task<ScratchNode> CreateAsync()
    {
        var node = new ScratchNode();
        await node.SucceedAsync("keyring", "create");
        await node.SucceedAsync("identity", "create");
        await File.WriteAllTextAsync(node.Document, (await node.SucceedAsync("identity", "show")).Output);
        return node;
    }

    internal async Task<Outcome> RunAsync(string[] arguments, string input = "", CancellationToken stopping = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(Patience);
        return await RunBareAsync([.. arguments, .. Location()], input, patience.Token);
    }

    internal async Task<Outcome> SucceedAsync(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {outcome.ExitCode}: {outcome.Error}");
        return outcome;
    }

    internal async Task FailsAsync(int exitCode, int code, params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.Equal((exitCode, $"KY{code}: "), (outcome.ExitCode, Regex.Match(outcome.Error, "^KY[0-9]{4}: ").Value));
    }

    internal static async Task<Outcome> RunBareAsync(
        string[] arguments, string input = "", CancellationToken stopping = default)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var terminal = new Terminal(
            new MemoryStream(Encoding.UTF8.GetBytes(input)), output, error, new Dictionary<string, string>());
        var exitCode = await CommandLine.RunAsync(arguments, terminal, stopping);
        return new Outcome(exitCode, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Says where this node lies; four shards, since starting sixty-four is not what is tested.</summary>
    internal string[] Location(string? data = null) =>
        ["--data-directory", data ?? Data, "--keyring", Keyring, "--set", "kyberium.engine.shard.count=4"];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

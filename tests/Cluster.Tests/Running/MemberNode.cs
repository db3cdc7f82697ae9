using Kyberium.Cluster.Tests.Network;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>One node of a cluster: its folder, its machine, its process while it runs, commands that reach it.</summary>
internal sealed class MemberNode(ClusterPlan plan, string name, Station station, MemberNode? first) : IDisposable
{
    private KyberiumProcess? _process;

    internal string Name => name;

    internal Station Station => station;

    internal KyberiumProcess Process => _process ?? throw new InvalidOperationException($"{name} does not run");

    private string Folder => Path.Combine(plan.Root, name);

    private string Keys => Path.Combine(Folder, "keys");

    private string TokenFile => Path.Combine(Folder, "token");

    /// <summary>Gets the end of what its process has said.</summary>
    internal string LastWords => string.Join(Environment.NewLine, (_process?.Log.ToString() ?? "does not run").Split(Environment.NewLine).TakeLast(15));

    /// <summary>Makes its folder, with a copy of the cluster's keyring and a token.</summary>
    internal async Task PrepareAsync(string token)
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(TokenFile, token);
        if (first is null)
        {
            await SucceedAsync("keyring", "create");
        }
        else
        {
            Directory.CreateDirectory(Keys, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Copy(Path.Combine(first.Keys, "master"), Path.Combine(Keys, "master"));
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="programs">Where the program lies; null: beside the tests.</param>
    internal async Task StartAsync(string? programs = null) =>
        _process = await KyberiumProcess.ServeAtAsync(station.Place with { Programs = programs }, [.. Location(), "--set", $"kyberium.host.listen={ClusterPlan.PeerAddress(station)}"]);

    /// <summary>Ends it by a signal and waits until it has ended.</summary>
    internal async Task EndAsync(string signal)
    {
        await Process.SignalAsync(signal);
        await Process.EndAsync();
        _process!.Dispose();
        _process = null;
    }

    /// <summary>Runs a command on it.</summary>
    internal async Task<Outcome> RunAsync(string[] arguments)
    {
        using var patience = new CancellationTokenSource(ScratchNode.Patience);
        return await ScratchNode.RunBareAsync([.. arguments, .. Location()], stopping: patience.Token);
    }

    internal async Task<Outcome> SucceedAsync(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, $"{name}: {string.Join(' ', arguments)} ended with {outcome.ExitCode}: {outcome.Error}");
        return outcome;
    }

    public void Dispose() => _process?.Dispose();

    private string[] Location() =>
    [
        "--data-directory", Path.Combine(Folder, "data"), "--keyring", Path.Combine(Keys, "master"),
        .. new[]
        {
            $"engine.shard.count={ClusterPlan.ShardCount}", $"host.cluster.name={ClusterPlan.Name}", $"host.cluster.node={name}", $"host.cluster.listen={station.Address}:4054",
            $"host.cluster.lighthouses={string.Join(',', plan.Lighthouses)}", $"host.cluster.token-file={TokenFile}", $"host.cluster.schema={ClusterPlan.Schema}",
            $"host.cluster.lease-length={ClusterPlan.LeaseSeconds}s",
        }.SelectMany(static setting => new[] { "--set", "kyberium." + setting }),
    ];
}

namespace Kyberium.Cluster.Tests;

/// <summary>One node of a cluster: its folder, its process while it runs, commands that reach it.</summary>
internal sealed class MemberNode(string root, string name, string schema, string[] lighthouses, MemberNode? first) : IDisposable
{
    internal const int ShardCount = 8;

    private KyberiumProcess? _process;
    // Its own over restarts, and none that another process's calls may be given meanwhile.
    private readonly string _listen = $"http://127.0.0.1:{FreePort.Next()}";

    internal string Name => name;

    /// <summary>Gets where peers reach it; the same after a restart.</summary>
    internal string PeerAddress { get; private set; } = "";

    internal KyberiumProcess Process => _process ?? throw new InvalidOperationException($"{name} does not run");

    private string Folder => Path.Combine(root, name);

    private string Keys => Path.Combine(Folder, "keys");

    private string TokenFile => Path.Combine(Folder, "token");

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

    internal async Task StartAsync()
    {
        _process = await KyberiumProcess.ServeAtAsync(Location(), "--set", $"kyberium.host.listen={_listen}");
        PeerAddress = _process.Address;
    }

    /// <summary>Ends it by a signal and waits until it has ended.</summary>
    internal async Task EndAsync(string signal)
    {
        await Process.SignalAsync(signal);
        await Process.EndAsync();
        _process!.Dispose();
        _process = null;
    }

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
            $"engine.shard.count={ShardCount}", "host.cluster.name=orders", $"host.cluster.node={name}", "host.cluster.listen=127.0.0.1:0",
            $"host.cluster.lighthouses={string.Join(',', lighthouses)}", $"host.cluster.token-file={TokenFile}", $"host.cluster.schema={schema}",
            "host.cluster.lease-length=2s",
        }.SelectMany(static setting => new[] { "--set", "kyberium." + setting }),
    ];
}

using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>Two engines of this process with many sessions between them: each of the sender's identities knows each of the receiver's.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private const int ConnectingMax = 32;

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "kyberium-perf-" + Path.GetRandomFileName());
    private readonly InMemoryNetwork _network = new();
    private readonly PairOptions _options;
    private readonly Store _left, _right;

    private Pair(PairOptions options)
    {
        _options = options;
        _left = new Store(options.Store, Path.Combine(_directory, "left"), options.OpenJournal);
        _right = new Store(options.Store, Path.Combine(_directory, "right"), options.OpenJournal);
        Template.Write(_directory, options.Suite);
    }

    internal SessionEngine Sender { get; private set; } = null!;

    internal SessionEngine Receiver { get; private set; } = null!;

    /// <summary>Gets the sessions. The first ones' sender is the default identity.</summary>
    internal SessionName[] Sessions { get; private set; } = [];

    /// <summary>Makes engines, identities, peers and sessions. Over a disk, the engines are started anew after that: nothing is in memory yet.</summary>
    internal static async Task<Pair> StartAsync(PairOptions options)
    {
        var pair = await IntroduceAsync(options);
        try
        {
            if (options.Connects)
            {
                await pair.ConnectAsync(0, options.Sessions);
            }

            if (options.Store == StoreKind.Disk)
            {
                await pair.RestartAsync();
            }

            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes engines, identities and peers, and leaves the engines running.</summary>
    internal static async Task<Pair> IntroduceAsync(PairOptions options)
    {
        var pair = new Pair(options);
        await pair.StartEnginesAsync();
        pair.Sessions = await Introduction.RunAsync(pair.Sender, "memory://left", pair.Receiver, "memory://right", options.Sessions, options.Suite);
        return pair;
    }

    internal Task ConnectAsync(int from, int to) => ConnectAsync(Sender, Sessions.AsMemory(from..to).ToArray());

    internal static Task ConnectAsync(SessionEngine sender, IEnumerable<SessionName> sessions) => Parallel.ForEachAsync(
        sessions, new ParallelOptions { MaxDegreeOfParallelism = ConnectingMax },
        async (session, token) => await sender.ConnectAsync(session.Peer, session.Identity, cancellationToken: token));

    /// <summary>Stops both engines and starts them over what they stored: no peer is in memory then, and commits wait for the disk.</summary>
    internal async Task RestartAsync()
    {
        await StopEnginesAsync();
        _left.Flushes = _right.Flushes = true;
        await StartEnginesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopEnginesAsync();
        await _left.DisposeAsync();
        await _right.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartEnginesAsync()
    {
        Sender = await StartEngineAsync("left", _left);
        Receiver = await StartEngineAsync("right", _right);
    }

    private async Task StopEnginesAsync()
    {
        await Sender.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    private Task<SessionEngine> StartEngineAsync(string name, Store store)
    {
        var parts = store.Parts();
        parts.PeerLinks.Add(_network.Connect(name));
        return SessionEngine.StartAsync(EngineSetup.Options(_directory, _options.Aead, _options.Configure), parts);
    }
}

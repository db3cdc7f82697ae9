using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>One engine with more sessions than a pair would hold in memory, over SQLite. The other ends are made ten thousand at a time and dropped; the last stay.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private const Suite CrowdSuite = Suite.MLKem768;
    private const int BlockMax = 10_000;

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "kyberium-perf-" + Path.GetRandomFileName());
    private readonly InMemoryNetwork _network = new();
    private readonly List<SessionName> _sessions = [];
    private readonly Store _store;
    private int _lastBlock;

    private Crowd()
    {
        _store = new Store(StoreKind.Disk, Path.Combine(_directory, "crowd"));
        Template.Write(_directory, CrowdSuite);
    }

    internal SessionEngine Sender { get; private set; } = null!;

    /// <summary>Gets the other end of <see cref="LastSessions"/>.</summary>
    internal SessionEngine Receiver { get; private set; } = null!;

    internal SessionName[] Sessions => [.. _sessions];

    internal SessionName[] LastSessions => [.. _sessions.TakeLast(_lastBlock)];

    /// <summary>Gets the size of the sender's store on disk.</summary>
    internal long StoredBytes => Directory.EnumerateFiles(_store.Directory).Sum(file => new FileInfo(file).Length);

    /// <summary>Makes so many sessions, and stops the sender.</summary>
    /// <param name="connects">Whether sessions are made, or the sender only knows so many peers.</param>
    /// <param name="progress">Gets how many there are, after each ten thousand.</param>
    internal static async Task<Crowd> MakeAsync(int count, bool connects, Action<int> progress)
    {
        var crowd = new Crowd();
        // Making sessions keeps the cores busy by itself. More threads than they have would wait for each other.
        ThreadPool.GetMaxThreads(out var workers, out var ports);
        ThreadPool.SetMaxThreads(2 * Environment.ProcessorCount, ports);
        await crowd.StartSenderAsync(AeadProviderChoice.Platform, static made => made.Residency.ResidentPeersMax = BlockMax);
        try
        {
            while (crowd._sessions.Count < count)
            {
                await crowd.AddBlockAsync(Math.Min(BlockMax, count - crowd._sessions.Count), connects);
                GC.Collect();       // the other ends are garbage by now, and what they leave between pinned arrays slows every further one down
                progress(crowd._sessions.Count);
            }

            await crowd.Sender.DisposeAsync();
            crowd._store.Flushes = true;
            return crowd;
        }
        catch
        {
            await crowd.DisposeAsync();
            throw;
        }
        finally
        {
            ThreadPool.SetMaxThreads(workers, ports);
        }
    }

    /// <summary>Starts the sender over its store; commits wait for the disk.</summary>
    internal async Task StartSenderAsync(AeadProviderChoice aead, Action<EngineOptions>? configure = null)
    {
        var parts = _store.Parts();
        parts.PeerLinks.Add(_network.Connect("crowd"));
        Sender = await SessionEngine.StartAsync(EngineSetup.Options(_directory, aead, configure), parts);
    }

    public async ValueTask DisposeAsync()
    {
        await Sender.DisposeAsync();
        if (Receiver is not null)
        {
            await Receiver.DisposeAsync();
        }

        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AddBlockAsync(int count, bool connects)
    {
        if (Receiver is not null)
        {
            await Receiver.DisposeAsync();
        }

        var name = "block" + _sessions.Count;
        var parts = new EngineParts
        {
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
        };
        parts.PeerLinks.Add(_network.Connect(name));
        Receiver = await SessionEngine.StartAsync(EngineSetup.Options(_directory, AeadProviderChoice.Platform), parts);
        var block = await Introduction.RunAsync(Sender, "memory://crowd", Receiver, "memory://" + name, count, CrowdSuite, name + "-");
        if (connects)
        {
            await Pair.ConnectAsync(Sender, block);
        }

        _sessions.AddRange(block);
        _lastBlock = count;
    }
}

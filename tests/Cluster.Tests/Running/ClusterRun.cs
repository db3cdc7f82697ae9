using System.Diagnostics;
using System.Globalization;
using Kyberium.Cluster.Tests.Checks;
using Kyberium.Cluster.Tests.Network;
using Npgsql;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>A cluster of real processes over a real database, each on a machine of its own in a network of the test's own, and a party outside that gets its messages.</summary>
internal sealed class ClusterRun : IAsyncDisposable
{
    private const int LighthousePort = 4053;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string _root = Directory.CreateTempSubdirectory("kyberium-cluster-").FullName;
    private readonly EnvelopeWitness _envelopes = new(ClusterPlan.PeerPort);
    private readonly List<Station> _lighthouseStations = [];
    private readonly List<LighthouseProcess> _lighthouses = [];
    private readonly Queue<Station> _spare = new();
    private volatile MemberNode[] _nodes = [];
    private ClusterPlan _plan = null!;
    private Station _databaseStation = null!;
    private SmallDisk? _disk;
    private PostgresServer? _database;
    private JournalWitness _journal = null!;
    private ScratchNode? _outside;
    private KyberiumProcess? _outsideProcess;
    private int _namesGiven;

    /// <summary>Nothing here takes the machine's power away: what processes write may lie in memory, and many disks' flushes are not waited for.</summary>
    static ClusterRun()
    {
        if (Directory.Exists("/dev/shm"))
        {
            Environment.SetEnvironmentVariable("TMPDIR", "/dev/shm");
        }
    }

    private ClusterRun(int seed) => Network = new PacketSwitch(seed, _envelopes.See);

    internal PacketSwitch Network { get; }

    /// <summary>Gets the nodes that are of the cluster now, also those that are down.</summary>
    internal IReadOnlyList<MemberNode> Nodes => _nodes;

    internal MessageTraffic Traffic { get; private set; } = null!;

    /// <summary>Gets the machine of the database.</summary>
    internal Station DatabaseStation => _databaseStation;

    /// <summary>Gets the machine of the party outside.</summary>
    internal Station OutsideStation { get; private set; } = null!;

    internal bool HasDisk => _disk is not null;

    /// <summary>Gets the disk that the cluster's tables are on.</summary>
    internal SmallDisk Disk => _disk ?? throw new InvalidOperationException("this run has none");

    /// <summary>Gets what the run has to show: of envelopes, of the journal, of the network.</summary>
    internal string Figures { get; private set; } = "";

    private string Authority => Path.Combine(_root, "authority");

    /// <summary>Starts Lighthouses, nodes and the party outside, and has them know each other.</summary>
    internal static async Task<ClusterRun> StartAsync(int seed = 1, int nodeCount = 3, int lighthouseCount = 2, bool hasSmallDisk = false)
    {
        var run = new ClusterRun(seed);
        try
        {
            await run.BeginAsync(nodeCount, lighthouseCount, hasSmallDisk);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until shards are served by all of these nodes and by no other.</summary>
    /// <returns>How long that took.</returns>
    internal async Task<TimeSpan> SpreadAsync(params IReadOnlyList<MemberNode> nodes)
    {
        var began = Stopwatch.GetTimestamp();
        var expected = nodes.Select(static node => node.Name).Order(StringComparer.Ordinal).ToArray();
        string[] owners;
        while (!(owners = await AskAsync<string[]>("SELECT coalesce(array_agg(DISTINCT coalesce(owner, '')), '{}') FROM orders.shard"))
            .Order(StringComparer.Ordinal).SequenceEqual(expected))
        {
            Assert.True(
                Stopwatch.GetElapsedTime(began) < Patience, $"shards are at {string.Join(", ", owners)} and not at {string.Join(", ", expected)} within {Patience}{Logs()}");
            await Task.Delay(20);       // another process's rows: nothing tells of their change
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Asks the database, past the network.</summary>
    internal async Task<T> AskAsync<T>(string question)
    {
        await using var connection = new NpgsqlConnection(_database!.LocalConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(question, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Ends the database: INT cuts clients off, QUIT is as good as a crash.</summary>
    internal Task StopDatabaseAsync(string signal = "INT") => _database!.StopAsync(signal);

    internal Task StartDatabaseAsync() => _database!.RunAsync();

    internal async Task EndLighthousesAsync()
    {
        foreach (var lighthouse in _lighthouses)
        {
            await lighthouse.StopAsync("KILL");
            await lighthouse.DisposeAsync();
        }

        _lighthouses.Clear();
    }

    internal async Task StartLighthousesAsync()
    {
        foreach (var station in _lighthouseStations)
        {
            _lighthouses.Add(await LighthouseProcess.ServeAtAsync(
                station.Place, $"{station.Address}:{LighthousePort}", Authority, null,
                $"shard-count={ClusterPlan.ShardCount}", $"database={_database!.ConnectionString}", $"schema={ClusterPlan.Schema}"));
        }
    }

    /// <summary>Makes and starts a node that has never been there, on a machine without one.</summary>
    internal async Task<MemberNode> AddNodeAsync()
    {
        var token = await LighthouseProcess.RunAsync(Authority, "token", "create");
        Assert.True(token.Code == 0, token.Error);
        var station = _spare.TryDequeue(out var free) ? free : await Network.AddAsync();
        var node = new MemberNode(_plan, string.Create(CultureInfo.InvariantCulture, $"n{++_namesGiven}"), station, _nodes.FirstOrDefault());
        await node.PrepareAsync(token.Output.Split('\n')[0]);
        await node.StartAsync();
        _nodes = [.. _nodes, node];
        return node;
    }

    /// <summary>Stops a node for good. Nobody asks it any more, and its machine is another's.</summary>
    internal async Task RemoveNodeAsync(MemberNode node)
    {
        _nodes = [.. _nodes.Where(other => other != node)];
        await node.EndAsync("TERM");
        _spare.Enqueue(node.Station);
    }

    /// <summary>Ends the traffic and gives what is wrong with what it, the envelopes and the journal show.</summary>
    internal async Task<List<string>> CheckAsync()
    {
        await Traffic.StopAsync();
        await Traffic.CollectAsync(isAll: true);
        var journal = await _journal.ReadAsync();
        var (envelopes, incarnations) = _envelopes.Counts;
        var (carried, lost) = Network.Counts;
        Figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{Traffic.TakenCount} messages, {envelopes} envelopes under {incarnations} incarnations, {journal.Counts.Writes} frames under {journal.Counts.Fences} fences, {carried} packets carried and {lost} lost");
        List<string> problems = [.. Traffic.FindViolations(), .. _envelopes.FindViolations(), .. journal.Violations];
        if (envelopes < Traffic.TakenCount || journal.Counts.Fences <= ClusterPlan.ShardCount)
        {
            problems.Add($"a witness was blind: {Figures}");
        }

        return problems;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            node.Dispose();
        }

        foreach (var lighthouse in _lighthouses)
        {
            await lighthouse.DisposeAsync();
        }

        _outsideProcess?.Dispose();
        _outside?.Dispose();
        await (_database?.DisposeAsync() ?? default);
        _disk?.Dispose();
        Network.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Logs() => string.Concat(_nodes.Select(static node => $"{Environment.NewLine}{node.Name}: {node.LastWords}"));

    private async Task BeginAsync(int nodeCount, int lighthouseCount, bool hasSmallDisk)
    {
        _databaseStation = await Network.AddAsync();
        OutsideStation = await Network.AddAsync();
        _disk = hasSmallDisk ? await SmallDisk.MakeAsync() : null;
        _database = await PostgresServer.StartAtAsync(_disk?.Within(_databaseStation.Place) ?? _databaseStation.Place, _databaseStation.Address);
        if (_disk is not null)
        {
            await _database.ExecuteAsync($"CREATE TABLESPACE small LOCATION '{_disk.Folder}'");
            await _database.ExecuteAsync("ALTER DATABASE postgres SET default_tablespace = small");
        }

        var made = await LighthouseProcess.RunAsync(Authority, "ca", "create", "--cluster", ClusterPlan.Name);
        Assert.True(made.Code == 0, made.Error);
        for (var number = 0; number < lighthouseCount; number++)
        {
            _lighthouseStations.Add(await Network.AddAsync());
        }

        await StartLighthousesAsync();
        _plan = new ClusterPlan(_root, [.. _lighthouses.Select(static lighthouse => lighthouse.Address)]);
        for (var number = 0; number <= nodeCount; number++)
        {
            _spare.Enqueue(await Network.AddAsync());       // one more than nodes, for one that is added
        }

        string[] addresses = [.. _spare.SelectMany(static station => new[] { "--address", ClusterPlan.PeerAddress(station) })];
        while (_nodes.Length < nodeCount)
        {
            await AddNodeAsync();
        }

        _journal = new JournalWitness(_database.LocalConnectionString, ClusterPlan.Schema);
        await _journal.BeginAsync();
        await SpreadAsync(_nodes);
        await AcquaintAsync(addresses);
    }

    private async Task AcquaintAsync(string[] addresses)
    {
        _outside = await ScratchNode.CreateAsync();
        await _nodes[0].SucceedAsync("identity", "create");
        var ours = Path.Combine(_root, "ours.pub");
        await File.WriteAllTextAsync(ours, (await _nodes[^1].SucceedAsync("identity", "show")).Output);
        for (var number = 0; number < ClusterPlan.PeerCount; number++)
        {
            await _outside.SucceedAsync("identity", "create", ClusterPlan.Peer(number));
            await _outside.SucceedAsync(["peer", "add", ClusterPlan.Name, ours, "--identity", ClusterPlan.Peer(number), .. addresses]);
        }

        var listen = ClusterPlan.PeerAddress(OutsideStation);
        _outsideProcess = await KyberiumProcess.ServeAtAsync(OutsideStation.Place, [.. _outside.Location(), "--set", $"kyberium.host.listen={listen}"]);
        for (var number = 0; number < ClusterPlan.PeerCount; number++)
        {
            var theirs = Path.Combine(_root, ClusterPlan.Peer(number) + ".pub");
            await File.WriteAllTextAsync(theirs, (await _outside.SucceedAsync("identity", "show", ClusterPlan.Peer(number))).Output);
            await _nodes[number % _nodes.Length].SucceedAsync("peer", "add", ClusterPlan.Peer(number), theirs, "--address", listen);
        }

        Traffic = new MessageTraffic(_outside, () => _nodes);
    }
}

using System.Diagnostics;
using System.Net;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Measuring;
using Kyberium.Tests.Support;

namespace Kyberium.Load;

/// <summary>Nodes of one cluster, all in this process, over one PostgreSQL server of this run's own: what a call costs at a node that has the shard and at one that has not, and
/// durable messages through one, two and three nodes.</summary>
internal static class ClusterRows
{
    private const int NodesMax = 3;
    private const int PayloadSize = 256;
    private const int CallerCount = 256;
    private const int RollingCallerCount = 8;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        await using var server = await PostgresServer.StartAsync();
        List<Row> rows = [];
        var most = options.Quick ? 2 : NodesMax;
        for (var count = 1; count <= most; count++)
        {
            await using var cluster = await LoadCluster.StartAsync(server, count);
            rows.AddRange(await SendsAsync(options, cluster, rows.FirstOrDefault()));
            if (count == 2)
            {
                rows.AddRange(await CallsAsync(options, cluster));
            }

            if (count == most)
            {
                rows.AddRange(await RollingAsync(cluster));
            }
        }

        return rows;
    }

    private static async Task<IReadOnlyList<Row>> SendsAsync(LoadOptions options, LoadCluster cluster, Row? one)
    {
        var count = options.Quick ? 500 : 30_000;
        var payload = new byte[PayloadSize];
        List<double> rates = [], processor = [];
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            var before = Environment.CpuUsage.TotalTime;
            var rate = await TrafficRows.ConcurrentAsync(
                count, CallerCount * cluster.Nodes.Count,
                async number => await cluster.Nodes[number % cluster.Nodes.Count].SendAsync(cluster.Peers[number * 7 % cluster.Peers.Count], payload));
            if (round >= 0)
            {
                rates.Add(rate);
                processor.Add((Environment.CpuUsage.TotalTime - before).TotalMicroseconds / count);
            }
        }

        await cluster.CheckAsync((long)count * (options.Rounds + 1));
        var name = $"{cluster.Nodes.Count} node{(cluster.Nodes.Count == 1 ? "" : "s")}: durable sends of {PayloadSize} B, {CallerCount} callers a node";
        return
        [
            one is null ? new Row(name, rates, "/s") : new Row(name, rates, "/s", one.Median, "one node"),
            new Row("processor time of each, all nodes, without the server's", processor, "us"),
        ];
    }

    private static async Task<IReadOnlyList<Row>> CallsAsync(LoadOptions options, LoadCluster cluster)
    {
        var (alone, many) = options.Quick ? (50, 500) : (5_000, 100_000);
        var here = cluster.PeersOf(0);
        var elsewhere = cluster.PeersOf(1);
        List<double> localRates = [], remoteRates = [];
        var (localTimes, remoteTimes) = (new LatencyHistogram(), new LatencyHistogram());
        for (var round = -1; round < options.Rounds; round++)       // the first round compiles
        {
            await AloneAsync(cluster.Nodes[0], here, alone, round < 0 ? new LatencyHistogram() : localTimes);
            await AloneAsync(cluster.Nodes[0], elsewhere, alone, round < 0 ? new LatencyHistogram() : remoteTimes);
            var local = await ManyAsync(cluster.Nodes[0], here, many);
            var remote = await ManyAsync(cluster.Nodes[0], elsewhere, many);
            if (round >= 0)
            {
                localRates.Add(local);
                remoteRates.Add(remote);
            }
        }

        var bare = new Row($"a peer looked at where its shard is, {CallerCount} callers", localRates, "/s");
        return
        [
            bare,
            new Row("the same through a node that has not the shard", remoteRates, "/s", bare.Median, "where it is"),
            new Row("one at a time, where the shard is: 50th percentile", [localTimes.Percentile(0.5) / 1_000], "us"),
            new Row("the same: 99th percentile", [localTimes.Percentile(0.99) / 1_000], "us"),
            new Row("one at a time, through a node that has not the shard: 50th percentile", [remoteTimes.Percentile(0.5) / 1_000], "us"),
            new Row("the same: 99th percentile", [remoteTimes.Percentile(0.99) / 1_000], "us"),
        ];
    }

    /// <summary>Stops and starts one node after the other, but for the one that is called: what its callers feel of an upgrade.</summary>
    private static async Task<IReadOnlyList<Row>> RollingAsync(LoadCluster cluster)
    {
        var times = new LatencyHistogram();
        var longest = 0L;
        using var stop = new CancellationTokenSource();
        var callers = Enumerable.Range(0, RollingCallerCount).Select(number => Task.Run(async () =>
        {
            for (var call = number; !stop.IsCancellationRequested; call += RollingCallerCount)
            {
                var began = Stopwatch.GetTimestamp();
                await cluster.Nodes[0].GetPeerAsync(cluster.Peers[call % cluster.Peers.Count]);
                var nanoseconds = Stopwatch.GetElapsedTime(began).Ticks * 100;
                lock (times)
                {
                    times.Add(nanoseconds);
                    longest = Math.Max(longest, nanoseconds);
                }
            }
        })).ToArray();
        List<double> away = [];
        for (var node = 1; node < cluster.Nodes.Count; node++)
        {
            away.Add((await cluster.RestartAsync(node)).TotalMilliseconds);
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        return
        [
            new Row($"nodes stopped and started in turn, {RollingCallerCount} callers of another: longest call", [longest / 1e6], "ms"),
            new Row("the same: 99th percentile of all calls meanwhile", [times.Percentile(0.99) / 1_000], "us"),
            new Row("the same: a node's handing on of its shards, and its stop", away, "ms"),
        ];
    }

    private static async Task AloneAsync(SessionEngine node, IReadOnlyList<PeerId> peers, int count, LatencyHistogram times)
    {
        for (var i = 0; i < count; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await node.GetPeerAsync(peers[i % peers.Count]);
            times.Add(Stopwatch.GetElapsedTime(began).Ticks * 100);
        }
    }

    private static Task<double> ManyAsync(SessionEngine node, IReadOnlyList<PeerId> peers, int count) => TrafficRows.ConcurrentAsync(
        count, CallerCount, async number => await node.GetPeerAsync(peers[number % peers.Count]));

    /// <summary>The nodes, and peers that no one reaches: messages to them wait in outboxes.</summary>
    private sealed class LoadCluster(PostgresServer server) : IAsyncDisposable
    {
        private const int ShardCount = 24;
        private const int PeerCount = 240;

        private readonly LentKeyring _keyring = new();
        private readonly List<SessionEngine> _nodes = [];
        private readonly AuthorityRoot _root = AuthorityRoot.Create(Name, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));

        internal List<SessionEngine> Nodes => _nodes;

        internal List<PeerId> Peers { get; private set; } = [];

        private static ClusterName Name => new("load");

        internal static async Task<LoadCluster> StartAsync(PostgresServer server, int nodeCount)
        {
            var cluster = new LoadCluster(server);
            for (var number = 0; number < nodeCount; number++)
            {
                cluster._nodes.Add(await cluster.StartAsync($"load{nodeCount}", $"n{number}"));
            }

            await cluster.EvenAsync();
            await cluster.MeetAsync();
            return cluster;
        }

        /// <summary>Stops a node and starts it again; waits until it has its shards.</summary>
        /// <returns>How long it took to stop.</returns>
        internal async Task<TimeSpan> RestartAsync(int place)
        {
            var began = Stopwatch.GetTimestamp();
            await _nodes[place].DisposeAsync();
            var stopped = Stopwatch.GetElapsedTime(began);
            _nodes[place] = await StartAsync($"load{_nodes.Count}", $"n{place}");
            await EvenAsync();
            return stopped;
        }

        internal IReadOnlyList<PeerId> PeersOf(int node)
        {
            var shards = _nodes[node].RunningShards.Select(static shard => shard.Number).ToHashSet();
            return [.. Peers.Where(peer => shards.Contains(ShardNumber.Of(new PeerKey(IdentityName.Default, peer), ShardCount)))];
        }

        /// <exception cref="InvalidOperationException">A message is missing, or there is one too many.</exception>
        internal async Task CheckAsync(long sent)
        {
            var waiting = 0L;
            foreach (var peer in Peers)
            {
                waiting += (await _nodes[0].GetPeerAsync(peer)).OutboxCount;
            }

            if (waiting != sent)
            {
                throw new InvalidOperationException($"{sent:N0} messages were sent, {waiting:N0} wait");
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _nodes)
            {
                await node.DisposeAsync();
            }

            await _keyring.DisposeAsync();
            _root.Dispose();
        }

        private async Task<SessionEngine> StartAsync(string schema, string node)
        {
            var options = new EngineOptions();
            options.Shard.Count = ShardCount;
            var parts = new EngineParts { OpenKeyring = (_, _) => Task.FromResult(_keyring.Lend()) };
            parts.JoinCluster(new ClusterNodeOptions
            {
                Cluster = Name, Node = new NodeId(node), Listen = new IPEndPoint(IPAddress.Loopback, 0), Schema = schema, Database = server.ConnectionString,
                Identity = ForwardingRows.Identity(_root, Name, node),
            });
            return await SessionEngine.StartAsync(options, parts);
        }

        private async Task EvenAsync()
        {
            var even = ShardCount / _nodes.Count;      // or one less where the directory is
            while (_nodes.Sum(static node => node.RunningShards.Count()) != ShardCount || _nodes.Any(node => node.RunningShards.Count() < even - 1))
            {
                await Task.Delay(20);
            }
        }

        private async Task MeetAsync()
        {
            await _nodes[0].CreateIdentityAsync(IdentityName.Default);
            await using var outside = await SessionEngine.StartAsync(new EngineOptions(), new EngineParts
            {
                OpenJournal = static (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
                OpenKeyring = static (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            });
            var peers = new List<PeerId>();
            for (var number = 0; number < PeerCount; number++)
            {
                var other = await outside.CreateIdentityAsync(new IdentityName($"p{number}"));
                peers.Add(new PeerId($"p{number}"));
                await _nodes[number % _nodes.Count].AddPeerAsync(new NewPeer { Peer = peers[^1], PublicDocument = other.PublicDocument });
            }

            Peers = peers;
        }
    }
}

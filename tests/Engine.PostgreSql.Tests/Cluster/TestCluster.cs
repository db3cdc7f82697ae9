using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>Nodes of one cluster in one process, each with its own clock and way to the database. The database's leases are ten minutes, so that
/// none ends by itself: a test that wants one over says so to the database.</summary>
internal sealed class TestCluster(PostgresServer server) : IAsyncDisposable
{
    internal static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);
    internal static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly List<TestNode> _nodes = [];

    internal string Schema { get; } = "t" + Guid.NewGuid().ToString("N");

    internal int ShardCount { get; init; } = 12;

    internal PostgresServer Server => server;

    internal IEnumerable<ShardId> Shards => Enumerable.Range(0, ShardCount).Select(static number => new ShardId("default", number));

    internal IReadOnlyList<TestNode> Nodes => _nodes;

    internal async Task<TestNode> StartAsync(string name, Func<TestNode, PostgreSqlPlacementOptions, PostgreSqlPlacementOptions>? change = null, ManualTime? time = null)
    {
        var node = await TestNode.StartAsync(this, name, change, time ?? new ManualTime(TimeProvider.System.GetUtcNow()));
        _nodes.Add(node);
        return node;
    }

    /// <summary>Moves the nodes' clocks by small steps, so that they look at the cluster, until something holds.</summary>
    internal Task UntilAsync(Func<bool> holds, string what, params TestNode[] nodes) => UntilAsync(() => Task.FromResult(holds()), what, nodes);

    internal async Task UntilAsync(Func<Task<bool>> holds, string what, params TestNode[] nodes)
    {
        var began = Stopwatch.GetTimestamp();
        foreach (var node in Forever(nodes.Length == 0 ? [.. _nodes.Where(static node => !node.IsDisposed)] : nodes))
        {
            if (await holds())
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < Bound, $"not within {Bound}: {what}. {string.Join("; ", _nodes)}");
            await node.LookAsync();
        }
    }

    /// <summary>Waits until each shard is served by one node, as many by each.</summary>
    internal Task EvenAsync(params TestNode[] nodes) => UntilAsync(
        () => nodes.Sum(static node => node.Served.Count) == ShardCount && nodes.All(node => Math.Abs(node.Served.Count - ((double)ShardCount / nodes.Length)) < 1),
        $"{ShardCount} shards shared by {nodes.Length} nodes");

    /// <summary>Ends the lease of a node by the database's clock, and that of whoever allocates, unless that is to stay: it may be the same process.</summary>
    internal Task EndLeaseAsync(TestNode node, string since = "0 s", bool endsAllocators = true) => server.ExecuteAsync(
        $"""
        UPDATE {Schema}.member SET lease_until = clock_timestamp() - interval '{since}' WHERE node = '{node.Placement.Self}';
        UPDATE {Schema}.cluster SET allocator_until = clock_timestamp() WHERE {endsAllocators};
        """);

    internal async Task<T> AskAsync<T>(string text)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text.Replace("{schema}", Schema, StringComparison.Ordinal), connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
            await node.CutOffAsync();       // who still works in the schema would stand in its removal's way
        }

        await server.ExecuteAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
    }

    private static IEnumerable<TestNode> Forever(TestNode[] nodes)
    {
        while (true)
        {
            foreach (var node in nodes)
            {
                yield return node;
            }
        }
    }
}

/// <summary>One node: does what its placement orders, with shards whose records are numbers.</summary>
internal sealed class TestNode : IShardHost, IAsyncDisposable
{
    internal static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TcpProxy _proxy;
    private readonly ConcurrentDictionary<(ShardOrderKind, ShardId), Task> _work = new();
    private readonly SemaphoreSlim _looked = new(0);
    private readonly SemaphoreSlim _rested = new(0);
    private readonly Lock _taking = new();

    private readonly PostgresServer _server;
    private readonly string _session = "n" + Guid.NewGuid().ToString("N");

    private TestNode(PostgresServer server, ManualTime time) => (_server, _proxy, Time) = (server, new TcpProxy(server.Port), time);

    internal ManualTime Time { get; }

    internal TcpProxy Proxy => _proxy;

    internal PostgreSqlPlacement Placement { get; private set; } = null!;

    internal PostgreSqlJournal Journal { get; private set; } = null!;

    /// <summary>Gets what it serves: the lease, and the fence.</summary>
    internal ConcurrentDictionary<ShardId, (IShardLease Lease, Fence Fence)> Served { get; } = new();

    /// <summary>Gets every order it got that was not the same as the last of that shard.</summary>
    internal ConcurrentQueue<ShardOrder> Orders { get; } = new();

    /// <summary>Gets or sets whether it takes orders and does nothing.</summary>
    internal volatile bool Ignores;

    /// <summary>Gets or sets what is done before an order is taken, while those after it wait.</summary>
    internal Action<ShardOrder>? BeforeTake { get; set; }

    internal bool IsDisposed { get; private set; }

    internal static async Task<TestNode> StartAsync(
        TestCluster cluster, string name, Func<TestNode, PostgreSqlPlacementOptions, PostgreSqlPlacementOptions>? change, ManualTime time)
    {
        var node = new TestNode(cluster.Server, time);
        try
        {
            var text = new NpgsqlConnectionStringBuilder(cluster.Server.ConnectionString) { Port = node._proxy.Port, ApplicationName = node._session }.ConnectionString;
            var options = new PostgreSqlPlacementOptions
            {
                ConnectionString = text, Schema = cluster.Schema, ClusterName = "test", Node = new NodeId(name), Address = $"https://{name}",
                Groups = [new ShardGroup("default", cluster.ShardCount)], LeaseLength = TestCluster.Lease, PollInterval = Poll, TimeProvider = node.Time,
                Looked = () => node._looked.Release(), Rested = () => node._rested.Release(),
            };
            options = change?.Invoke(node, options) ?? options;
            node.Placement = await PostgreSqlPlacement.OpenAsync(options);
            node.Journal = await PostgreSqlJournal.OpenAsync(new PostgreSqlJournalOptions
            {
                ConnectionString = options.ConnectionString, Schema = cluster.Schema, Placement = node.Placement, OutageMax = TestCluster.Bound,
            });
            await node.Placement.StartAsync(node).AsTask().WaitAsync(TestCluster.Bound);
            await node.RestsAsync();        // else time might pass between its looking at the clock and its going to sleep by it
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes its way to the database away, and waits until the database has finished what it was still doing for it.</summary>
    internal async Task CutOffAsync()
    {
        _proxy.Refuses = true;
        _proxy.Break();
        await WorksForNobodyAsync("true");
    }

    /// <summary>Keeps what it asks the database from now on, and waits until the database has finished what it was asked before.</summary>
    internal async Task HoldAsync()
    {
        _proxy.HoldsRequests = true;
        await WorksForNobodyAsync("state <> 'idle'");
    }

    private async Task WorksForNobodyAsync(string working)
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString);
        await connection.OpenAsync();
        var began = Stopwatch.GetTimestamp();
        while (await CountAsync() > 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TestCluster.Bound, $"the database still works for {this}");
        }

        async Task<long> CountAsync()
        {
            await using var command = new NpgsqlCommand(
                $"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{_session}' AND {working}", connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    /// <summary>Lets the node look at the cluster once more.</summary>
    internal async Task LookAsync()
    {
        while (await _looked.WaitAsync(0))
        {
            // Looks that were before this one.
        }

        Time.Leap(Poll);
        Assert.True(await _looked.WaitAsync(TestCluster.Bound), $"{this} does not look at the cluster");
    }

    /// <summary>Lets so much time pass that its lease is to be renewed, and waits until it has been tried.</summary>
    internal async Task RenewAfterAsync(TimeSpan time)
    {
        while (await _rested.WaitAsync(0))
        {
            // Rests that were before this one.
        }

        Time.Leap(time);
        await RestsAsync();
    }

    public void Take(ShardOrder order)
    {
        BeforeTake?.Invoke(order);
        lock (_taking)      // what looks at the plan and what keeps the lease may both say that a shard is lost
        {
            if (Orders.LastOrDefault(last => last.Shard == order.Shard) != order)
            {
                Orders.Enqueue(order);
            }

            if (order.Kind == ShardOrderKind.Stop)
            {
                Served.TryRemove(order.Shard, out _);
            }
            else if (!Ignores && (!_work.TryGetValue((order.Kind, order.Shard), out var work) || work.IsCompleted))
            {
                _work[(order.Kind, order.Shard)] = order.Kind == ShardOrderKind.Acquire ? AcquireAsync(order.Shard) : GiveUpAsync(order.Shard, order.Fence);
            }
        }
    }

    internal async Task CommitAsync(ShardId shard, Fence fence)
    {
        var extent = await Journal.ReadExtentAsync(shard);
        await Journal.CommitAsync(new JournalCommit
        {
            Shard = shard, Fence = fence, Position = extent.End.Next, Record = BitConverter.GetBytes(extent.End.Value + 1),
        });
    }

    public override string ToString() => $"{Placement?.Self}: {Served.Count} shards, last order {Orders.LastOrDefault()}, work {string.Join(',', _work.Values
        .Where(static work => work.IsFaulted).Select(static work => work.Exception!.InnerException!.Message).Distinct().Take(3))}";

    public async ValueTask DisposeAsync()
    {
        if (!IsDisposed)
        {
            IsDisposed = true;
            _proxy.HoldsRequests = _proxy.DropsAnswers = false;
            _proxy.Refuses = true;
            _proxy.Break();
            if (Placement is not null)
            {
                await Placement.DisposeAsync();
            }

            if (Journal is not null)
            {
                await Journal.DisposeAsync();
            }

            await _proxy.DisposeAsync();
            _looked.Dispose();
            _rested.Dispose();
        }
    }

    private async Task RestsAsync() => Assert.True(await _rested.WaitAsync(TestCluster.Bound), $"{this} does not come to rest with its lease");

    private async Task AcquireAsync(ShardId shard)
    {
        var extent = await Journal.AcquireAsync(shard);
        var lease = await Placement.AcquiredAsync(shard, extent.Fence);
        if (lease.MayServe)
        {
            Served[shard] = (lease, extent.Fence);
        }
    }

    private async Task GiveUpAsync(ShardId shard, Fence fence)
    {
        Served.TryRemove(shard, out _);
        await CommitAsync(shard, fence);        // its checkpoint
        await Placement.ReleasedAsync(shard, fence);
    }
}

using Kyberium.Engine.PostgreSql.Cluster;
using Npgsql;

namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>Goal: the rows of the cluster hold where several processes meet: at migration, at allocating, behind a pooler.</summary>
public sealed class ClusterStoreTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = new TestCluster(await PostgresServer.Shared);

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_store_of_the_first_layout_keeps_its_data_when_several_nodes_migrate_it_at_once()
    {
        await using (var connection = new NpgsqlConnection(_cluster.Server.ConnectionString))
        {
            await connection.OpenAsync();
            await PostgreSql.Schema.EnsureAsync(connection, _cluster.Schema, "here", CancellationToken.None, through: 1);
            Assert.Equal(1, await _cluster.AskAsync<int>("SELECT max(version) FROM {schema}.layout"));
            for (var number = 0; number < 3; number++)
            {
                await _cluster.Server.ExecuteAsync($$"""
                    SELECT {{_cluster.Schema}}.acquire('default', {{number}});
                    SELECT {{_cluster.Schema}}.apply(ARRAY[s.id], ARRAY[s.fence], ARRAY[s.turn], ARRAY[1::bigint], ARRAY['\x0{{number}}'::bytea], ARRAY[NULL::bigint],
                        '{1}', '{3}', ARRAY['\x07'::bytea], ARRAY['\x08'::bytea]) FROM {{_cluster.Schema}}.shard s WHERE s.number = {{number}};
                    """);
            }
        }

        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ClusterStore.OpenAsync(Options, CancellationToken.None)));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }

        Assert.Equal(2L, await _cluster.AskAsync<long>("SELECT count(*) FROM {schema}.layout"));
        var node = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(node);
        foreach (var shard in _cluster.Shards.Take(3))
        {
            Assert.Equal(2, node.Served[shard].Fence.Value);        // higher than the one of before
            Assert.Equal([(byte)shard.Number], (await node.Journal.ReadRecordsAsync(shard, default).SingleAsync()).Bytes.ToArray());
            Assert.Equal([8], (await node.Journal.ReadRowAsync(shard, new RowKey(RowKind.Peer, new byte[] { 7 })))!.Value.ToArray());
            await node.CommitAsync(shard, node.Served[shard].Fence);
        }
    }

    [Fact]
    public async Task Of_those_who_would_allocate_one_does_and_a_plan_under_an_old_term_is_not_written()
    {
        await using var store = await ClusterStore.OpenAsync(Options, CancellationToken.None);
        Assert.Null(await store.HoldAllocatorAsync("early", 0, CancellationToken.None));        // there is no cluster to allocate for
        var node = await _cluster.StartAsync("a", static (_, options) => NeverAllocates(options));
        var terms = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => store.HoldAllocatorAsync($"p{i}", 0, CancellationToken.None)));
        var term = Assert.Single(terms, static term => term is not null)!.Value;
        var holder = $"p{Array.FindIndex(terms, static term => term is not null)}";
        Assert.Equal(term, await store.HoldAllocatorAsync(holder, 0, CancellationToken.None));

        var above = await store.HoldAllocatorAsync("lighthouse", 10, CancellationToken.None);
        Assert.Equal(term + 1, above);
        Assert.Null(await store.HoldAllocatorAsync(holder, 0, CancellationToken.None));
        var plan = new[] { new PlannedShard(new ShardId("default", 0), PlannedStep.Assigned, node.Placement.Self, null, default) };
        Assert.Null(await store.WritePlanAsync(term, plan, CancellationToken.None));
        Assert.False(await store.AttendAsync(term, CancellationToken.None));
        Assert.True(await store.AttendAsync(above!.Value, CancellationToken.None));
        Assert.Equal(1, await store.WritePlanAsync(above.Value, plan, CancellationToken.None));
        await _cluster.UntilAsync(() => node.Served.Count == 1, "the one shard planned");
    }

    [Fact]
    public async Task Processes_that_allocate_side_by_side_give_each_shard_to_one_node()
    {
        var nodes = new[] { await _cluster.StartAsync("a", static (_, options) => NeverAllocates(options)), await _cluster.StartAsync("b", static (_, options) => NeverAllocates(options)) };
        await using var first = await PostgreSqlCluster.OpenAsync(Options, "lighthouse 1");
        await using var second = await PostgreSqlCluster.OpenAsync(Options, "lighthouse 2");
        var allocating = await Task.WhenAll(first.AllocateAsync(), second.AllocateAsync());
        Assert.Single(allocating, static isAllocator => isAllocator);
        await _cluster.EvenAsync(nodes);

        // Who allocated goes away; the other finds that out and goes on.
        await _cluster.EndLeaseAsync(nodes[0]);
        await nodes[0].DisposeAsync();
        var other = allocating[0] ? second : first;
        await _cluster.UntilAsync(async () => await other.AllocateAsync() && nodes[1].Served.Count == _cluster.ShardCount, "all shards taken over");
    }

    [Fact]
    public async Task Behind_a_pooler_in_transaction_mode_nodes_join_move_shards_and_leave()
    {
        await using var pooler = await PgBouncer.StartAsync(_cluster.Server);
        var nodes = new List<TestNode>();
        foreach (var name in (string[])["a", "b"])
        {
            nodes.Add(await _cluster.StartAsync(name, (_, options) => new PostgreSqlPlacementOptions
            {
                ConnectionString = pooler.ConnectionString, Schema = options.Schema, ClusterName = options.ClusterName, Node = options.Node, Groups = options.Groups,
                LeaseLength = options.LeaseLength, PollInterval = options.PollInterval, TimeProvider = options.TimeProvider, Looked = options.Looked, Rested = options.Rested,
                Listens = false,
            }));
        }

        await _cluster.EvenAsync([.. nodes]);
        await nodes[0].RenewAfterAsync(TestCluster.Lease / 3);
        var left = nodes[0].Placement.LeaveAsync().AsTask();
        await _cluster.UntilAsync(() => left.IsCompleted && nodes[1].Served.Count == _cluster.ShardCount, "everything handed on");
        await left;
        Assert.DoesNotContain(nodes.SelectMany(static node => node.Orders), static order => order.Kind == ShardOrderKind.Stop);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_renewal_touches_one_row_however_many_shards_a_node_has()
    {
        var node = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(node);
        var before = await _cluster.AskAsync<string>(Rows);
        await using var store = await ClusterStore.OpenAsync(Options, CancellationToken.None);
        Assert.True(await store.RenewAsync(node.Placement.Self, 1, CancellationToken.None));
        Assert.False(await store.RenewAsync(node.Placement.Self, 2, CancellationToken.None));
        Assert.False(await store.RenewAsync(new NodeId("b"), 1, CancellationToken.None));
        Assert.Equal(before, await _cluster.AskAsync<string>(Rows));
    }

    private const string Rows = "SELECT string_agg(s.xmin::text || s.ctid::text, ',' ORDER BY s.id) FROM {schema}.shard s";

    private PostgreSqlClusterOptions Options => new() { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema };

    private static PostgreSqlPlacementOptions NeverAllocates(PostgreSqlPlacementOptions options) => new()
    {
        ConnectionString = options.ConnectionString, Schema = options.Schema, ClusterName = options.ClusterName, Node = options.Node, Groups = options.Groups,
        LeaseLength = options.LeaseLength, PollInterval = options.PollInterval, TimeProvider = options.TimeProvider, Looked = options.Looked, Rested = options.Rested,
        AllocatorPriority = -1,
    };
}

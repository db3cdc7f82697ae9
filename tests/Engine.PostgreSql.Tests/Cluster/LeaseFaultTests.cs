using Kyberium.Engine.PostgreSql.Cluster;

namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>Goal: whatever happens to a node, its way to the database or the database, a shard is served by one node, and the others' writes are refused.</summary>
public sealed class LeaseFaultTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = new TestCluster(await PostgresServer.Shared);

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task When_a_lease_is_over_others_take_the_shards_and_the_old_owner_s_commits_are_refused()
    {
        var (lost, stays) = await TwoAsync();
        var before = lost.Served.ToDictionary();
        await _cluster.EndLeaseAsync(lost);
        await _cluster.UntilAsync(() => stays.Served.Count == _cluster.ShardCount, "all shards taken over", stays);

        Assert.Equal(MemberState.Down, stays.Placement.Members.Single(member => member.Node == lost.Placement.Self).State);
        foreach (var (shard, (_, fence)) in before)
        {
            var failure = await Assert.ThrowsAsync<EngineException>(() => lost.CommitAsync(shard, fence));
            Assert.Equal(EngineErrorCode.ShardFenced, failure.Code);
            await stays.CommitAsync(shard, stays.Served[shard].Fence);
        }

        // Its next look or renewal tells it; then it is a new incarnation and gets its share again.
        await lost.RenewAfterAsync(TestCluster.Lease / 3);
        await _cluster.EvenAsync(lost, stays);
        Assert.All(before, shard => Assert.False(shard.Value.Lease.MayServe));
        Assert.Equal(before.Keys.Order(ById), lost.Orders.Where(static order => order.Kind == ShardOrderKind.Stop).Select(static order => order.Shard).Order(ById));
        Assert.Equal(3, lost.Placement.Members.Single(member => member.Node == lost.Placement.Self).Incarnation);
    }

    [Fact]
    public async Task A_commit_is_refused_from_the_moment_that_a_lease_was_found_over_even_before_anybody_has_the_shard()
    {
        var (lost, _) = await TwoAsync();
        var (shard, (_, fence)) = lost.Served.First();
        await lost.CommitAsync(shard, fence);

        // From here on only the one that allocates looks for leases that are over, and it does so when it is told.
        await using var allocator = await ClusterStore.OpenAsync(
            new PostgreSqlClusterOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema }, CancellationToken.None);
        var term = await allocator.HoldAllocatorAsync("lighthouse", 10, CancellationToken.None);
        await _cluster.EndLeaseAsync(lost, endsAllocators: false);
        await lost.CommitAsync(shard, fence);       // nobody has looked yet: there is still one writer

        Assert.True(await allocator.AttendAsync(term!.Value, CancellationToken.None));
        Assert.Equal(EngineErrorCode.ShardFenced, (await Assert.ThrowsAsync<EngineException>(() => lost.CommitAsync(shard, fence))).Code);
        Assert.Equal(0L, await _cluster.AskAsync<long>("SELECT count(*) FROM {schema}.shard WHERE owner = 'a'"));
    }

    [Fact]
    public async Task A_node_that_was_paused_finds_out_before_it_answers_and_before_any_timer_has_fired()
    {
        var (paused, stays) = await TwoAsync();
        var before = paused.Served.Values.ToList();
        Assert.All(before, static shard => Assert.True(shard.Lease.MayServe));

        paused.Time.Pass(TestCluster.Lease);
        Assert.All(before, static shard => Assert.False(shard.Lease.MayServe));

        paused.Time.Leap(TimeSpan.Zero);
        await _cluster.UntilAsync(() => paused.Orders.Count(static order => order.Kind == ShardOrderKind.Stop) == before.Count, "all stopped");
        await _cluster.EvenAsync(paused, stays);
        Assert.All(before, static shard => Assert.False(shard.Lease.MayServe));
    }

    [Fact]
    public async Task A_lease_seen_over_for_a_moment_stays_over_whatever_comes_afterwards()
    {
        var (node, _) = await TwoAsync();
        var lease = node.Served.Values.First().Lease;
        node.Time.Pass(TestCluster.Lease * 0.9);
        Assert.False(lease.MayServe);
        node.Time.Pass(-TestCluster.Lease * 0.9);       // as if a renewal had come
        Assert.False(lease.MayServe);
        Assert.True(node.Served.Values.Last().Lease.MayServe);
    }

    [Fact]
    public async Task A_database_away_for_less_than_the_lease_stops_nothing()
    {
        var (node, other) = await TwoAsync();
        var before = node.Served.ToDictionary();
        await node.CutOffAsync();
        await node.RenewAfterAsync(TestCluster.Lease / 3);
        for (var part = 0; part < 3; part++)
        {
            await node.LookAsync();
            await node.RenewAfterAsync(TestCluster.Lease / 10);     // in vain, and tried again a tenth of the lease later
        }

        Assert.All(before, static shard => Assert.True(shard.Value.Lease.MayServe));
        node.Proxy.Refuses = false;
        do
        {
            await node.RenewAfterAsync(TestCluster.Lease / 10);     // a broken connection may cost one more try
            Assert.All(before, static shard => Assert.True(shard.Value.Lease.MayServe));
        }
        while (!await RenewedAsync());

        await node.RenewAfterAsync(TestCluster.Lease / 3);      // beyond the end of the first lease
        await node.LookAsync();

        Assert.Equal(before, node.Served);
        Assert.All(before, static shard => Assert.True(shard.Value.Lease.MayServe));
        Assert.DoesNotContain(node.Orders.Concat(other.Orders), static order => order.Kind == ShardOrderKind.Stop);

        Task<bool> RenewedAsync() => _cluster.AskAsync<bool>(
            $$"""SELECT lease_until > (SELECT min(lease_until) FROM {schema}.member) FROM {schema}.member WHERE node = '{{node.Placement.Self}}'""");
    }

    [Fact]
    public async Task A_database_away_for_longer_than_the_lease_stops_the_node_and_it_comes_back_by_itself()
    {
        var (node, stays) = await TwoAsync();
        var before = node.Served.Count;
        await node.CutOffAsync();
        node.Time.Leap(TestCluster.Lease * 0.9);
        await _cluster.UntilAsync(() => node.Orders.Count(static order => order.Kind == ShardOrderKind.Stop) == before, "all stopped", node);
        Assert.Empty(node.Served);
        await _cluster.EndLeaseAsync(node);
        await _cluster.UntilAsync(() => stays.Served.Count == _cluster.ShardCount, "all shards taken over", stays);
        node.Proxy.Refuses = false;
        await _cluster.EvenAsync(node, stays);
    }

    [Fact]
    public async Task A_renewal_that_comes_after_the_end_of_the_lease_renews_nothing()
    {
        var (node, stays) = await TwoAsync();
        await node.HoldAsync();
        node.Time.Leap(TestCluster.Lease / 3);
        await node.Proxy.Stopped.Reader.ReadAsync().AsTask().WaitAsync(TestCluster.Bound);
        Assert.NotEmpty(node.Served);
        node.Time.Leap(TestCluster.Lease * 0.6);
        Assert.Empty(node.Served);      // although the call has not come back
        await _cluster.EndLeaseAsync(node);
        await _cluster.UntilAsync(() => stays.Served.Count == _cluster.ShardCount, "all shards taken over", stays);

        await using var late = await ClusterStore.OpenAsync(
            new PostgreSqlClusterOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema }, CancellationToken.None);
        Assert.False(await late.RenewAsync(node.Placement.Self, 1, CancellationToken.None));
        node.Proxy.HoldsRequests = false;
        node.Proxy.Break();
        await _cluster.EvenAsync(node, stays);
    }

    [Fact]
    public async Task A_declared_end_waits_for_the_lease_that_was_promised()
    {
        await using var operators = await PostgreSqlCluster.OpenAsync(
            new PostgreSqlClusterOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema }, "operators");
        var (downed, stays) = await TwoAsync();
        await downed.CutOffAsync();
        Assert.True(await operators.DownAsync(downed.Placement.Self));
        await stays.LookAsync();
        await stays.LookAsync();
        Assert.Equal(_cluster.ShardCount / 2, stays.Served.Count);
        Assert.All(downed.Served.Values, static shard => Assert.True(shard.Lease.MayServe));

        await _cluster.EndLeaseAsync(downed);
        await _cluster.UntilAsync(() => stays.Served.Count == _cluster.ShardCount, "all shards taken over", stays);
    }

    [Fact]
    public async Task Who_was_down_for_long_is_forgotten_with_the_wishes_for_it()
    {
        await using var operators = await PostgreSqlCluster.OpenAsync(
            new PostgreSqlClusterOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema }, "operators");
        var (gone, stays) = await TwoAsync();
        await operators.DrainAsync(gone.Placement.Self, "olga");
        await operators.DrainAsync(stays.Placement.Self, "olga");
        await gone.CutOffAsync();
        await gone.DisposeAsync();
        await _cluster.EndLeaseAsync(gone, since: "11 min");
        await _cluster.UntilAsync(() => stays.Placement.Members.Count == 1, "forgotten");
        Assert.Equal(stays.Placement.Self, Assert.Single(await operators.ReadWishesAsync()).Node);
    }

    [Fact]
    public async Task Nodes_go_on_after_a_crash_of_the_database()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var cluster = new TestCluster(server) { ShardCount = 6 };
        var (a, b) = (await cluster.StartAsync("a"), await cluster.StartAsync("b"));
        await cluster.EvenAsync(a, b);
        var before = a.Served.Concat(b.Served).ToDictionary();
        a.Proxy.Refuses = b.Proxy.Refuses = true;
        await server.StopAsync("QUIT");
        a.Proxy.Break();
        b.Proxy.Break();
        await a.LookAsync();
        await server.RunAsync();
        a.Proxy.Refuses = b.Proxy.Refuses = false;
        await a.RenewAfterAsync(TestCluster.Lease / 3);
        await b.RenewAfterAsync(TestCluster.Lease / 3);
        await a.LookAsync();
        await b.LookAsync();

        Assert.Equal(before, a.Served.Concat(b.Served).ToDictionary());
        foreach (var (shard, (lease, fence)) in a.Served)
        {
            Assert.True(lease.MayServe);
            await a.CommitAsync(shard, fence);
        }

        var c = await cluster.StartAsync("c");
        await cluster.EvenAsync(a, b, c);
    }

    [Fact]
    public async Task A_shard_given_up_between_the_look_that_found_it_lost_and_its_order_is_not_stopped()
    {
        var (lost, stays) = await TwoAsync();
        var held = lost.Served.ToList();
        lost.BeforeTake = order =>
        {
            if (order.Kind == ShardOrderKind.Stop)
            {
                lost.BeforeTake = null;
                GiveUp(lost, held.Where(shard => shard.Key != order.Shard));
            }
        };
        await _cluster.EndLeaseAsync(lost);
        await _cluster.UntilAsync(() => stays.Served.Count == _cluster.ShardCount, "all shards taken over", stays);
        await _cluster.UntilAsync(() => lost.Orders.Any(static order => order.Kind == ShardOrderKind.Stop), "one stopped", lost);
        await lost.LookAsync();

        Assert.Single(lost.Orders, static order => order.Kind == ShardOrderKind.Stop);
    }

    [Fact]
    public async Task A_release_that_did_not_arrive_is_made_again()
    {
        var (first, second) = (await _cluster.StartAsync("a"), default(TestNode));
        await _cluster.EvenAsync(first);
        first.Ignores = true;
        second = await _cluster.StartAsync("b");
        await _cluster.UntilAsync(() => first.Orders.Any(static order => order.Kind == ShardOrderKind.GiveUp), "orders to give up");
        var order = first.Orders.First(static order => order.Kind == ShardOrderKind.GiveUp);
        await first.CutOffAsync();
        var failure = await Assert.ThrowsAsync<EngineException>(() => first.Placement.ReleasedAsync(order.Shard, order.Fence).AsTask());
        Assert.Equal(EngineErrorCode.JournalUnavailable, failure.Code);
        Assert.False(first.Served[order.Shard].Lease.MayServe);

        first.Proxy.Refuses = false;
        first.Ignores = false;
        await _cluster.EvenAsync(first, second);
    }

    private static readonly IComparer<ShardId> ById = Comparer<ShardId>.Create(static (left, right) => left.Number.CompareTo(right.Number));

    private static void GiveUp(TestNode node, IEnumerable<KeyValuePair<ShardId, (IShardLease Lease, Fence Fence)>> shards)
    {
        foreach (var (shard, (_, fence)) in shards)
        {
            Assert.True(node.Placement.ReleasedAsync(shard, fence).AsTask().Wait(TestCluster.Bound));
        }
    }

    private async Task<(TestNode First, TestNode Second)> TwoAsync()
    {
        var nodes = (await _cluster.StartAsync("a"), await _cluster.StartAsync("b"));
        await _cluster.EvenAsync(nodes.Item1, nodes.Item2);
        return nodes;
    }
}

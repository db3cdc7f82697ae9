namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>Goal: nodes share the shards as the plan says, move them without losing one, and join, leave and are refused as they should be.</summary>
public sealed class PostgreSqlPlacementTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = new TestCluster(await PostgresServer.Shared);

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Nodes_that_start_at_once_share_the_shards_and_know_where_the_others_are()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => _cluster.StartAsync($"n{i}")));
        await _cluster.EvenAsync(nodes);
        foreach (var shard in _cluster.Shards)
        {
            var owner = nodes.Single(node => node.Served.ContainsKey(shard));
            var expected = new ShardOwner(owner.Placement.Self, $"https://{owner.Placement.Self}", owner.Served[shard].Fence);
            await _cluster.UntilAsync(() => nodes.All(node => node.Placement.Map.TryFind(shard, out var known) && known == expected), $"{expected} known to all");
            await owner.CommitAsync(shard, owner.Served[shard].Fence);
        }

        await _cluster.UntilAsync(
            () => nodes.All(static node => node.Placement.Members.Select(static member => $"{member.Node} {member.State}").SequenceEqual(["n0 Up", "n1 Up", "n2 Up"])),
            "all seen up by all");
        Assert.Equal([1, 2, 3], nodes[0].Placement.Members.Select(static member => member.Incarnation).Order());
    }

    [Fact]
    public async Task Who_joins_gets_his_share_from_owners_who_have_written_their_last_and_write_no_more()
    {
        var first = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(first);
        var before = first.Served.ToDictionary();
        var second = await _cluster.StartAsync("b");
        await _cluster.EvenAsync(first, second);

        foreach (var (shard, (_, fence)) in second.Served)
        {
            Assert.True(fence.Value > before[shard].Fence.Value);
            Assert.False(before[shard].Lease.MayServe);
            var failure = await Assert.ThrowsAsync<EngineException>(() => first.CommitAsync(shard, before[shard].Fence));
            Assert.Equal(EngineErrorCode.ShardFenced, failure.Code);
            Assert.Equal(1, (await second.Journal.ReadExtentAsync(shard)).End.Value);       // what was written before it was given up
        }

        Assert.Equal(6, first.Served.Count(shard => shard.Value == before[shard.Key]));
        Assert.DoesNotContain(first.Orders.Concat(second.Orders), static order => order.Kind == ShardOrderKind.Stop);
    }

    [Fact]
    public async Task Who_leaves_hands_everything_on_and_may_come_back_at_once()
    {
        var (stays, leaves) = (await _cluster.StartAsync("a"), await _cluster.StartAsync("b"));
        await _cluster.EvenAsync(stays, leaves);
        var left = leaves.Placement.LeaveAsync().AsTask();
        await _cluster.UntilAsync(() => left.IsCompleted && stays.Served.Count == _cluster.ShardCount, "everything handed on");

        await left;
        Assert.Empty(leaves.Served);
        Assert.DoesNotContain(leaves.Orders.Concat(stays.Orders), static order => order.Kind == ShardOrderKind.Stop);
        await _cluster.UntilAsync(
            () => stays.Placement.Members.Single(static member => member.Node.Value == "b").State == MemberState.Down, "the other's leaving seen", stays);
        await leaves.DisposeAsync();
        var again = await _cluster.StartAsync("b");
        await _cluster.EvenAsync(stays, again);
    }

    [Fact]
    public async Task The_last_node_leaves_with_nobody_to_take_its_shards()
    {
        var only = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(only);
        var left = only.Placement.LeaveAsync().AsTask();
        await _cluster.UntilAsync(() => left.IsCompleted, "left");

        await left;
        Assert.Equal(0L, await _cluster.AskAsync<long>("SELECT count(*) FROM {schema}.shard WHERE owner IS NOT NULL"));
    }

    [Fact]
    public async Task Operators_move_shards_drain_nodes_and_take_it_back()
    {
        await using var operators = await OpenAsync(priority: 0);
        var (a, b) = (await _cluster.StartAsync("a"), await _cluster.StartAsync("b"));
        await _cluster.EvenAsync(a, b);
        var shard = a.Served.Keys.First();
        var move = await operators.MoveAsync(shard, new NodeId("b"), "olga");
        await _cluster.UntilAsync(() => b.Served.ContainsKey(shard), "the shard moved");
        await _cluster.EvenAsync(a, b);

        var drain = await operators.DrainAsync(new NodeId("a"), "olga");
        await _cluster.UntilAsync(() => b.Served.Count == _cluster.ShardCount, "the node drained");
        var nonsense = await operators.MoveAsync(shard, new NodeId("nobody"), "olga");
        await _cluster.UntilAsync(
            () => a.Placement.Wishes.Concat(b.Placement.Wishes).OrderBy(static wish => wish.Wish.Id)
                .Select(static wish => wish.Code).SequenceEqual([WishCode.Fulfilled, WishCode.Fulfilled, WishCode.NodeUnknown]),
            "outcomes of all wishes");
        Assert.Equal(
            new PlacementWish[] { new PlacementWish.Move(move, shard, new NodeId("b")), new PlacementWish.Drain(drain, new NodeId("a")),
                new PlacementWish.Move(nonsense, shard, new NodeId("nobody")) },
            await operators.ReadWishesAsync());

        Assert.True(await operators.WithdrawAsync(drain));
        Assert.False(await operators.WithdrawAsync(drain));
        await _cluster.EvenAsync(a, b);
        Assert.True(b.Served.ContainsKey(shard));
        var (members, map) = await operators.ReadAsync();
        Assert.Equal((2, _cluster.ShardCount), (members.Count, map.Owners.Count()));
    }

    [Fact]
    public async Task An_operator_has_a_node_leave()
    {
        await using var operators = await OpenAsync(priority: 0);
        var (a, b) = (await _cluster.StartAsync("a"), await _cluster.StartAsync("b"));
        await _cluster.EvenAsync(a, b);

        Assert.True(await operators.LeaveAsync(new NodeId("a")));
        Assert.False(await operators.LeaveAsync(new NodeId("a")));
        await _cluster.UntilAsync(() => b.Served.Count == _cluster.ShardCount && a.Served.IsEmpty, "everything handed on");
    }

    [Fact]
    public async Task A_node_of_another_cluster_other_groups_or_a_name_in_use_is_refused()
    {
        await _cluster.StartAsync("a");
        await RefusedAsync("b", static options => new PostgreSqlPlacementOptions
        {
            ConnectionString = options.ConnectionString, Schema = options.Schema, ClusterName = "other", Node = options.Node, Groups = options.Groups,
        });
        foreach (var groups in new ShardGroup[][] { [new("default", 13)], [new("other", 12)], [new("default", 12, "role")], [new("default", 12), new("more", 1)] })
        {
            await RefusedAsync("b", options => new PostgreSqlPlacementOptions
            {
                ConnectionString = options.ConnectionString, Schema = options.Schema, ClusterName = "test", Node = options.Node, Groups = groups,
            });
        }

        Assert.Equal(1L, await _cluster.AskAsync<long>("SELECT count(*) FROM {schema}.member"));
    }

    [Fact]
    public async Task A_node_that_was_killed_waits_for_the_end_of_its_lease_and_one_whose_name_lives_is_refused()
    {
        var first = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(first);
        var (second, clock) = StartWaiting();
        await clock.AsleepAsync(1);
        var before = await _cluster.AskAsync<DateTime>("SELECT lease_until FROM {schema}.member");
        await first.RenewAfterAsync(TestCluster.Lease / 3);         // it lives, and renews
        Assert.True(await _cluster.AskAsync<DateTime>("SELECT lease_until FROM {schema}.member") > before);
        clock.Leap(TestCluster.Lease);
        Assert.Equal(EngineErrorCode.ClusterRefused, (await Assert.ThrowsAsync<EngineException>(() => second)).Code);

        await first.CutOffAsync();
        await first.DisposeAsync();
        (second, clock) = StartWaiting();
        await clock.AsleepAsync(1);
        await _cluster.EndLeaseAsync(first);
        clock.Leap(TestCluster.Lease);
        await _cluster.EvenAsync(await second);

        (Task<TestNode> Starting, ManualTime Clock) StartWaiting()
        {
            var time = new ManualTime(TimeProvider.System.GetUtcNow());
            return (_cluster.StartAsync("a", (_, options) => options, time), time);
        }
    }

    [Fact]
    public async Task A_journal_that_is_no_node_s_takes_nothing_from_nodes_that_live()
    {
        var node = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(node);
        await using var alone = await PostgreSqlJournal.OpenAsync(
            new PostgreSqlJournalOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema });
        var shard = new ShardId("default", 0);

        Assert.Equal(EngineErrorCode.ClusterRefused, (await Assert.ThrowsAsync<EngineException>(() => alone.AcquireAsync(shard).AsTask())).Code);
        var fence = node.Served[shard].Fence;
        await node.CommitAsync(shard, fence);
        await _cluster.EndLeaseAsync(node);
        Assert.True((await alone.AcquireAsync(shard)).Fence.Value > fence.Value);
    }

    [Fact]
    public async Task A_shard_that_is_not_planned_for_a_node_is_not_acquired_by_it()
    {
        var (a, b) = (await _cluster.StartAsync("a"), await _cluster.StartAsync("b"));
        await _cluster.EvenAsync(a, b);

        var failure = await Assert.ThrowsAsync<EngineException>(() => a.Journal.AcquireAsync(b.Served.Keys.First()).AsTask());
        Assert.Equal(EngineErrorCode.ShardElsewhere, failure.Code);
        Assert.False((await a.Placement.AcquiredAsync(b.Served.Keys.First(), b.Served.Values.First().Fence)).MayServe);
    }

    [Fact]
    public async Task What_shards_weigh_reaches_the_plan_and_what_other_nodes_say_reaches_the_map()
    {
        var node = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(node);
        var shard = new ShardId("default", 3);
        node.Placement.ReportLoad(shard, 2.5);
        node.Placement.ReportLoad(shard, 3.5);
        await node.LookAsync();
        await node.LookAsync();
        Assert.Equal(3.5, await _cluster.AskAsync<double>("SELECT load FROM {schema}.plan WHERE number = 3"));
        Assert.Throws<ArgumentOutOfRangeException>(() => node.Placement.ReportLoad(shard, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => node.Placement.ReportLoad(shard, -1));

        node.Placement.Correct(shard, new ShardOwner(new NodeId("b"), "https://b", new Fence(99)));
        Assert.True(node.Placement.Map.TryFind(shard, out var owner) && owner.Node.Value == "b");
        await node.LookAsync();
        Assert.True(node.Placement.Map.TryFind(shard, out owner) && owner.Node.Value == "b");       // newer than the database's
    }

    [Theory]
    [InlineData("weight")]
    [InlineData("groups")]
    [InlineData("lease")]
    [InlineData("poll")]
    [InlineData("cluster")]
    [InlineData("twice")]
    [InlineData("moves")]
    public async Task Options_out_of_range_are_refused(string wrong)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(() => PostgreSqlPlacement.OpenAsync(new PostgreSqlPlacementOptions
        {
            ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema, Node = new NodeId("a"),
            ClusterName = wrong == "cluster" ? "a b" : "test", Weight = wrong == "weight" ? 0 : 1, MovesMax = wrong == "moves" ? 0 : 1,
            Groups = wrong switch { "groups" => [], "twice" => [new("a", 1), new("a", 1)], _ => [new("a", 1)] },
            LeaseLength = TimeSpan.FromMilliseconds(wrong == "lease" ? 999 : 1_000), PollInterval = TimeSpan.FromMilliseconds(wrong == "poll" ? 1 : 50),
        }));
        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
    }

    private Task<PostgreSqlCluster> OpenAsync(int priority) => PostgreSqlCluster.OpenAsync(
        new PostgreSqlClusterOptions { ConnectionString = _cluster.Server.ConnectionString, Schema = _cluster.Schema }, "operators", priority);

    /// <summary>Goal: a process that does not know what came of its taking a shard over, and takes its successor's fence for its own, takes nothing from it.</summary>
    [Fact]
    public async Task Who_takes_a_successors_fence_for_his_own_gets_nothing_while_that_one_owns_the_shard()
    {
        var first = await _cluster.StartAsync("a");
        await _cluster.EvenAsync(first);
        var second = await _cluster.StartAsync("b");
        await _cluster.EvenAsync(first, second);

        Assert.NotEmpty(second.Served);
        foreach (var (shard, (_, fence)) in second.Served)
        {
            var refused = await Assert.ThrowsAsync<EngineException>(() => first.Journal.AcquireAsync(shard, fence).AsTask());
            Assert.Equal(EngineErrorCode.ShardElsewhere, refused.Code);
            await second.CommitAsync(shard, fence);
        }
    }

    private async Task RefusedAsync(string name, Func<PostgreSqlPlacementOptions, PostgreSqlPlacementOptions> change)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(() => _cluster.StartAsync(name, (_, options) => change(options)));
        Assert.Equal(EngineErrorCode.ClusterRefused, failure.Code);
    }
}

namespace Kyberium.Engine.Tests.Placement;

public sealed class SingleNodePlacementTests
{
    private static readonly ShardId First = new("default", 0);
    private readonly Host _host = new();

    [Fact]
    public async Task Every_shard_of_its_groups_is_ordered_here_and_may_always_be_served()
    {
        await using var placement = await StartAsync();
        Assert.Equal(
            ["default/0", "default/1", "directory/0"],
            _host.Orders.Select(static order => { Assert.Equal(ShardOrderKind.Acquire, order.Kind); return order.Shard.ToString(); }));

        var lease = await placement.AcquiredAsync(First, new Fence(3));

        Assert.True(lease.MayServe);
        Assert.True(placement.Map.TryFind(First, out var owner));
        Assert.Equal(new ShardOwner(placement.Self, "", new Fence(3)), owner);
        Assert.Equal(MemberState.Up, Assert.Single(placement.Members).State);
    }

    [Fact]
    public async Task Leaving_ends_when_the_last_shard_was_released_under_its_fence()
    {
        await using var placement = await StartAsync();
        await placement.AcquiredAsync(First, new Fence(3));
        _host.Orders.Clear();

        var left = placement.LeaveAsync().AsTask();
        Assert.Equal([new ShardOrder(ShardOrderKind.GiveUp, First, new Fence(3))], _host.Orders);
        await placement.ReleasedAsync(First, new Fence(2));
        Assert.False(left.IsCompleted);
        await placement.ReleasedAsync(First, new Fence(3));

        await left.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Empty(placement.Map.Owners);
        await placement.LeaveAsync();
    }

    [Fact]
    public void A_node_s_name_has_the_alphabet_of_a_peer_s()
    {
        Assert.True(NodeId.TryParse("node-1.example:8443", out var node) && node.Value == "node-1.example:8443");
        Assert.False(NodeId.TryParse("a b", out _));
        Assert.False(NodeId.TryParse(null, out _));
        Assert.Throws<ArgumentException>(() => new NodeId(""));
        Assert.True(new NodeId("B") < new NodeId("a") && new NodeId("a") <= new NodeId("a") && new NodeId("b") > new NodeId("a") && default(NodeId) <= node);
    }

    private async Task<SingleNodePlacement> StartAsync()
    {
        var placement = new SingleNodePlacement(new NodeId("here"), [new ShardGroup("default", 2), new ShardGroup("directory", 1)]);
        await placement.StartAsync(_host);
        return placement;
    }

    private sealed class Host : IShardHost
    {
        internal List<ShardOrder> Orders { get; } = [];

        public void Take(ShardOrder order) => Orders.Add(order);
    }
}

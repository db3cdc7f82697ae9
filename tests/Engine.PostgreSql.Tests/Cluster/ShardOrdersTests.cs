using Kyberium.Engine.PostgreSql.Cluster;

namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

public sealed class ShardOrdersTests
{
    private static readonly ShardId Shard = new("default", 4);
    private static readonly NodeId Here = new("here");
    private static readonly NodeId There = new("there");

    [Theory]
    [InlineData(null, 0, "here", 0, "Acquire")]         // free and planned for here
    [InlineData("here", 7, "here", 0, "Acquire")]       // acquired and never reported: the host crashed in between
    [InlineData("here", 6, "here", 0, "")]              // an earlier life of this node has it until its lease is over
    [InlineData("there", 3, "here", 0, "")]             // not yet given up there
    [InlineData("here", 7, "here", 5, "")]              // as it shall be
    [InlineData("here", 7, "there", 5, "GiveUp")]
    [InlineData("here", 7, null, 5, "GiveUp")]
    [InlineData("here", 7, "there", 0, "")]
    [InlineData("there", 3, "there", 4, "Stop")]        // taken away
    [InlineData(null, 0, "here", 4, "Stop")]            // freed, under a higher fence
    [InlineData(null, 0, "here", 5, "")]                // reported before the table has seen it
    public void What_is_and_what_shall_be_give_the_order(string? owner, long incarnation, string? planned, long heldUnder, string expected)
    {
        var table = new ShardTable();
        table.Apply(new ClusterReading(
            "9", 2, [], [(Shard, new Fence(5), owner is null ? null : new NodeId(owner), incarnation)],
            [(Shard, planned is null ? null : new NodeId(planned))]));
        var held = heldUnder == 0 ? [] : new Dictionary<ShardId, Fence> { [Shard] = new Fence(heldUnder) };

        var orders = ShardOrders.Of(Here, incarnation: 7, table, held);

        Assert.Equal(expected, string.Join(',', orders.Select(static order => order.Kind)));
        Assert.All(orders, order => Assert.Equal((Shard, new Fence(heldUnder)), (order.Shard, order.Fence)));
    }

    [Fact]
    public void The_table_tells_news_from_what_is_read_again_and_makes_the_map()
    {
        var table = new ShardTable();
        var reading = new ClusterReading("9", 2, [], [(Shard, new Fence(5), There, 3)], [(Shard, Here)]);

        Assert.True(table.Apply(reading));
        Assert.False(table.Apply(reading));
        Assert.True(table.Apply(reading with { Plan = [(Shard, There)] }));
        Assert.Equal(("9", 2L), (table.ReadFrom, table.PlanVersion));
        var map = table.ToMap([new ClusterMember(There, MemberState.Up) { Address = "https://there" }]);
        Assert.True(map.TryFind(Shard, out var found) && found == new ShardOwner(There, "https://there", new Fence(5)));
    }
}

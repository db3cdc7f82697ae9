namespace Kyberium.Engine.Tests.Placement;

public sealed class ShardMapTests
{
    private static readonly ShardId Far = new("default", 65_535);

    [Fact]
    public void Every_owner_it_was_made_of_is_found_and_nobody_else()
    {
        var owners = new[] { new ShardId("default", 0), new ShardId("default", 255), new ShardId("default", 256), Far, new ShardId("audit", 3) }
            .ToDictionary(static shard => shard, static shard => Owner($"n{shard.Number}", 1));
        var map = ShardMap.Of(7, owners);

        Assert.Equal(7, map.Version);
        Assert.All(owners, owner => Assert.True(map.TryFind(owner.Key, out var found) && found == owner.Value));
        Assert.Equal(owners.OrderBy(static owner => owner.Key.Group, StringComparer.Ordinal).ThenBy(static owner => owner.Key.Number), map.Owners);
        Assert.All(
            new[] { new ShardId("default", 1), new ShardId("default", -1), new ShardId("audit", 70_000), new ShardId("other", 0), default },
            shard => Assert.False(map.TryFind(shard, out _)));
    }

    [Fact]
    public void What_others_say_counts_when_its_fence_is_higher()
    {
        var map = ShardMap.Of(7, [KeyValuePair.Create(Far, Owner("a", 5))]);

        Assert.Same(map, map.With(Far, Owner("b", 5)));
        Assert.Same(map, map.With(Far, Owner("b", 4)));
        Assert.Same(map, map.Without(Far, new Fence(4)));
        var corrected = map.With(Far, Owner("b", 6)).With(new ShardId("new", 300), Owner("c", 1));
        Assert.True(corrected.TryFind(Far, out var owner) && owner.Node.Value == "b");
        Assert.True(corrected.TryFind(new ShardId("new", 300), out _));
        Assert.False(corrected.Without(Far, new Fence(6)).TryFind(Far, out _));
        Assert.True(map.TryFind(Far, out owner) && owner.Node.Value == "a");
        Assert.Equal(7, corrected.Version);
    }

    private static ShardOwner Owner(string node, long fence) => new(new NodeId(node), $"https://{node}", new Fence(fence));
}

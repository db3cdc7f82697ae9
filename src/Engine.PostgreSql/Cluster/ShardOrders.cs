namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>Decides what a node is to do with its shards: what the database has and what the node holds in, orders out.</summary>
internal static class ShardOrders
{
    /// <summary>Gives the orders that bring the node to the plan; given again as long as they are not carried out.</summary>
    /// <param name="self">The node.</param>
    /// <param name="incarnation">Its life.</param>
    /// <param name="table">Everybody's shards.</param>
    /// <param name="held">What the host has reported, under which fence.</param>
    internal static List<ShardOrder> Of(NodeId self, long incarnation, ShardTable table, IReadOnlyDictionary<ShardId, Fence> held)
    {
        var orders = new List<ShardOrder>();
        foreach (var (shard, fence) in held)
        {
            var facts = table.Shards.GetValueOrDefault(shard);
            if (facts.Fence.Value > fence.Value && !(facts.Owner == self && facts.Incarnation == incarnation))
            {
                orders.Add(new ShardOrder(ShardOrderKind.Stop, shard, fence));
            }
            else if (facts.Planned != self)
            {
                orders.Add(new ShardOrder(ShardOrderKind.GiveUp, shard, fence));
            }
        }

        foreach (var (shard, facts) in table.Shards)
        {
            if (facts.Planned == self && !held.ContainsKey(shard) && (facts.Owner is null || (facts.Owner == self && facts.Incarnation == incarnation)))
            {
                orders.Add(new ShardOrder(ShardOrderKind.Acquire, shard, default));
            }
        }

        return orders;
    }
}

using Kyberium.Engine.Placement;

namespace Kyberium.Engine;

/// <summary>Decides who owns which shard: evenly by weight, by role, with as few moves as that takes.</summary>
/// <remarks>
/// <para>Groups with the same role form a class; each is shared out on its own among the members that may have it. A member's share is
/// the class's shards × its weight ÷ the weight of all, rounded down or up; shards that a wish holds in place, and those of members out of
/// reach, are taken out first. Among the ways to round the one that lets most shards stay is taken, so that no other even plan has
/// fewer moves. Loads choose which shards move, and to whom; they never cause a move.</para>
/// <para>A function of its input alone: no clock, no chance, and the order of the input does not matter. Cost: for S shards, M members and
/// C classes, S + C·M·log M, and log M for each shard that gets another owner.</para>
/// </remarks>
public static class PlacementPlanner
{
    /// <summary>Makes a plan. Carried out and made again it changes nothing, once no move waits.</summary>
    /// <exception cref="ArgumentException">A member, group or shard stands twice in its list, a weight, count or load is out of range, or
    /// <see cref="PlacementFacts.MovesMax"/> is below 1.</exception>
    public static PlacementPlan Plan(PlacementFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var table = PlacementTable.Of(facts);
        var wishes = WishList.Of(facts, table);
        foreach (var share in table.Classes)
        {
            share.Settle(wishes);
        }

        return Steps.Of(facts, table, wishes);
    }
}

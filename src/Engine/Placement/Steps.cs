namespace Kyberium.Engine.Placement;

/// <summary>The way from what is to what shall be, as far as it is gone at once.</summary>
internal static class Steps
{
    internal static PlacementPlan Of(PlacementFacts facts, PlacementTable table, WishList wishes)
    {
        var movers = Movers(table, wishes);
        var now = movers.Take(facts.MovesMax).ToHashSet();
        return new PlacementPlan
        {
            Shards = [.. table.Slots.Select(slot => Plan(slot, now))],
            MoveCount = now.Count,
            WaitingCount = movers.Count - now.Count,
            Wishes = wishes.Outcomes(),
        };
    }

    /// <summary>Lists the shards that leave an owner, those first that are on their way, and then from all owners in turn.</summary>
    private static List<ShardSlot> Movers(PlacementTable table, WishList wishes)
    {
        var seen = new Dictionary<Candidate, int>();
        return [.. table.Slots.Where(static slot => slot is { Owner: not null, Target: not null } && slot.Owner != slot.Target)
            .Select(slot => (Slot: slot, Turn: seen[slot.Owner!] = seen.GetValueOrDefault(slot.Owner!) + 1))
            .OrderBy(mover => Urgency(mover.Slot, wishes))
            .ThenBy(static mover => mover.Turn)
            .Select(static mover => mover.Slot)];
    }

    private static int Urgency(ShardSlot slot, WishList wishes) =>
        slot.Planned == slot.Target ? 0
        : slot.Wished is not null ? 1
        : slot.Owner!.Member.State != MemberState.Up || wishes.IsDrained(slot.Owner) ? 2
        : 3;

    private static PlannedShard Plan(ShardSlot slot, HashSet<ShardSlot> now)
    {
        var (owner, target) = (slot.Owner?.Node, slot.Target?.Node);
        return (slot.Owner, slot.Target) switch
        {
            (_, null) => Step(PlannedStep.Unplaceable, null),
            (null, _) => Step(PlannedStep.Assigned, target),
            _ when slot.Owner == slot.Target => Step(PlannedStep.Stays, owner),
            _ when now.Contains(slot) => Step(PlannedStep.Moves, target),
            _ => Step(PlannedStep.Waits, owner),
        };

        PlannedShard Step(PlannedStep step, NodeId? node) => new(slot.Shard, step, node, owner, slot.Fence);
    }
}

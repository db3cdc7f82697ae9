namespace Kyberium.Engine.Placement;

/// <summary>The facts, checked and in one order: members by name, groups by name, shards by number.</summary>
internal sealed class PlacementTable
{
    private readonly Dictionary<NodeId, Candidate> _members;
    private readonly Dictionary<string, ShardSlot[]> _groups;

    private PlacementTable(Dictionary<NodeId, Candidate> members, Dictionary<string, ShardSlot[]> groups, ShardSlot[] slots, ShareClass[] classes) =>
        (_members, _groups, Slots, Classes) = (members, groups, slots, classes);

    internal IReadOnlyList<ShardSlot> Slots { get; }

    internal IReadOnlyList<ShareClass> Classes { get; }

    internal static PlacementTable Of(PlacementFacts facts)
    {
        Require(facts.MovesMax >= 1, $"MovesMax is {facts.MovesMax}; at least one shard must be able to move");
        var members = new Dictionary<NodeId, Candidate>();
        foreach (var member in facts.Members.OrderBy(static member => member.Node))
        {
            Require(member.Weight is >= 1 and <= ClusterMember.WeightMax, $"the weight of {member.Node} is {member.Weight}");
            Require(members.TryAdd(member.Node, new Candidate(member, members.Count)), $"member {member.Node} stands twice");
        }

        var groups = new Dictionary<string, ShardSlot[]>(StringComparer.Ordinal);
        foreach (var group in facts.Groups.OrderBy(static group => group.Name, StringComparer.Ordinal))
        {
            Require(group.Count is >= 1 and <= ShardGroup.CountMax, $"group {group.Name} has {group.Count} shards");
            var slots = new ShardSlot[group.Count];
            for (var number = 0; number < slots.Length; number++)
            {
                slots[number] = new ShardSlot(new ShardId(group.Name, number), RoleOf(group));
            }

            Require(groups.TryAdd(group.Name, slots), $"group {group.Name} stands twice");
        }

        var table = new PlacementTable(
            members, groups, [.. groups.Values.SelectMany(static slots => slots)],
            [.. facts.Groups.Select(RoleOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(role => new ShareClass(role, [.. members.Values.Where(member => member.MayReceive(role))]))]);
        table.Fill(facts);
        return table;
    }

    internal ShardSlot? Find(ShardId shard) => shard.Group is not null && _groups.TryGetValue(shard.Group, out var slots)
        && shard.Number >= 0 && shard.Number < slots.Length ? slots[shard.Number] : null;

    internal Candidate? Find(NodeId node) => _members.GetValueOrDefault(node);

    private static string? RoleOf(ShardGroup group) => string.IsNullOrEmpty(group.Role) ? null : group.Role;

    private void Fill(PlacementFacts facts)
    {
        foreach (var placed in facts.Shards)
        {
            if (Find(placed.Shard) is not { } slot)
            {
                continue;       // of a group that is not placed here
            }

            Require(!slot.IsKnown, $"shard {placed.Shard} stands twice");
            slot.IsKnown = true;
            slot.Fence = placed.Fence;

            // Who is gone or down owns nothing, whatever the list says.
            slot.Owner = placed.Owner is { } owner && Find(owner) is { Member.State: not MemberState.Down } found ? found : null;
            slot.Planned = placed.Planned is { } planned ? Find(planned) : null;
        }

        double sum = 0;
        var known = 0;
        foreach (var (shard, load) in facts.Loads)
        {
            Require(double.IsFinite(load) && load >= 0, $"the load of {shard} is {load}");
            if (Find(shard) is { } slot)
            {
                slot.Load = load;
            }
        }

        foreach (var slot in Slots)     // in their order: sums of doubles depend on it
        {
            if (!double.IsNaN(slot.Load))
            {
                sum += slot.Load;
                known++;
            }
        }

        var average = known == 0 ? 1 : sum / known;
        var classes = Classes.ToDictionary(static share => share.Role ?? "", StringComparer.Ordinal);
        foreach (var slot in Slots)
        {
            slot.Load = double.IsNaN(slot.Load) ? average : slot.Load;
            classes[slot.Role ?? ""].Slots.Add(slot);
        }
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ArgumentException($"No plan can be made: {problem}.");
        }
    }
}

/// <summary>A member while a plan is made.</summary>
internal sealed class Candidate(ClusterMember member, int rank)
{
    internal ClusterMember Member => member;

    internal NodeId Node => member.Node;

    /// <summary>Gets its place among all by name.</summary>
    internal int Rank => rank;

    /// <summary>Gets or sets how many shards of all classes settled so far it shall have.</summary>
    internal int Total { get; set; }

    /// <summary>Gets whether its shards stay with it because nobody can ask it to give them up.</summary>
    internal bool IsFrozen => member.State == MemberState.Unreachable;

    internal bool MayReceive(string? role) => member.State == MemberState.Up && HasRole(role);

    internal bool HasRole(string? role) => role is null || member.Roles.Contains(role, StringComparer.Ordinal);
}

/// <summary>A shard while a plan is made.</summary>
internal sealed class ShardSlot(ShardId shard, string? role)
{
    internal ShardId Shard => shard;

    internal string? Role => role;

    internal bool IsKnown { get; set; }

    internal Candidate? Owner { get; set; }

    internal Candidate? Planned { get; set; }

    internal Fence Fence { get; set; }

    internal double Load { get; set; } = double.NaN;

    /// <summary>Gets or sets where a wish wants it.</summary>
    internal Candidate? Wished { get; set; }

    /// <summary>Gets or sets who shall have it in the end.</summary>
    internal Candidate? Target { get; set; }
}

using FsCheck;
using FsCheck.Fluent;

namespace Kyberium.Engine.Tests.Placement;

/// <summary>Random facts for the planner, and what a cluster does with a plan.</summary>
internal static class ClusterStory
{
    private static readonly string?[] Roles = [null, null, "a", "b"];
    private static readonly int[] Weights = [1, 1, 1, 2, 3, 7, 1_000];

    internal static NodeId Node(int number) => new($"n{number:D3}");

    /// <summary>Gets facts of up to eight members in any state, three groups, owners and earlier plans of any kind, wishes and loads.</summary>
    internal static Arbitrary<PlacementFacts> Any => Facts(withWishes: true).ToArbitrary();

    internal static Arbitrary<PlacementFacts> WithoutWishes => Facts(withWishes: false).ToArbitrary();

    /// <summary>Does what a plan says: the shards have the owners it names, and the plan is remembered.</summary>
    internal static PlacementFacts CarryOut(PlacementFacts facts, PlacementPlan plan) => facts with
    {
        Shards = [.. plan.Shards.Select(static planned => new PlacedShard(
            planned.Shard, planned.Node, planned.Node == planned.From ? planned.Fence : new Fence(planned.Fence.Value + 1), planned.Node))],
    };

    /// <summary>Plans and carries out until nothing waits; gives the facts then and how many shards moved.</summary>
    internal static (PlacementFacts Settled, int Moves) Settle(PlacementFacts facts)
    {
        for (var moves = 0; ;)
        {
            var plan = PlacementPlanner.Plan(facts);
            facts = CarryOut(facts, plan);
            moves += plan.MoveCount;
            if (plan.WaitingCount == 0)
            {
                return (facts, moves);
            }

            Assert.Equal(facts.MovesMax, plan.MoveCount);       // so it ends
        }
    }

    internal static IEnumerable<ShardId> ShardsOf(PlacementFacts facts, string? role) => facts.Groups.Where(group => group.Role == role)
        .SelectMany(static group => Enumerable.Range(0, group.Count).Select(number => new ShardId(group.Name, number)));

    private static Gen<PlacementFacts> Facts(bool withWishes) =>
        from members in Member.ListOf().Select(static list => list.Take(8))
        from groups in Group.NonEmptyListOf().Select(static list => list.Take(3))
        from seeds in Gen.Choose(0, 1 << 20).ListOf(72)
        from wishes in withWishes ? Gen.Choose(0, 1 << 20).ListOf(6) : Gen.Constant(new List<int>())
        from movesMax in Gen.Choose(1, 12)
        select Assemble([.. members], [.. groups], [.. seeds], [.. wishes], movesMax);

    private static Gen<ClusterMember> Member =>
        from state in Gen.Frequency(
            (8, Gen.Constant(MemberState.Up)), (1, Gen.Constant(MemberState.Joining)), (1, Gen.Constant(MemberState.Leaving)),
            (1, Gen.Constant(MemberState.Unreachable)), (1, Gen.Constant(MemberState.Down)))
        from weight in Gen.Elements(Weights)
        from roles in Gen.Elements<string[]>([], ["a"], ["b"], ["a", "b"])
        from version in Gen.Choose(1, 2)
        select new ClusterMember(default, state) { Weight = weight, Roles = roles, Version = new Version(1, version) };

    private static Gen<ShardGroup> Group =>
        from count in Gen.Choose(1, 24)
        from role in Gen.Elements(Roles)
        select new ShardGroup("", count, role);

    private static PlacementFacts Assemble(ClusterMember[] members, ShardGroup[] groups, int[] seeds, int[] wishes, int movesMax)
    {
        members = [.. members.Select(static (member, i) => member with { Node = Node(i) })];
        groups = [.. groups.Select(static (group, i) => group with { Name = $"g{i}" })];
        var shards = groups.SelectMany(static group => Enumerable.Range(0, group.Count).Select(number => new ShardId(group.Name, number)))
            .Zip(seeds).Where(static pair => pair.Second % 7 != 0).ToList();
        return new PlacementFacts
        {
            Members = members, Groups = groups, MovesMax = movesMax,
            Shards = [.. shards.Select(pair => new PlacedShard(
                pair.First, Pick(pair.Second, members.Length), new Fence(pair.Second % 5), Pick(pair.Second / 64, members.Length)))],
            Loads = shards.Where(static pair => pair.Second % 3 == 0).ToDictionary(static pair => pair.First, static pair => (double)(pair.Second % 100)),
            Wishes = [.. wishes.Select((seed, i) => Wish(i, seed, groups))],
        };

        // One more than there are: a member that has gone. And sometimes nobody.
        static NodeId? Pick(int seed, int count) => seed % 64 % (count + 2) is var number && number > count ? null : Node(number);
    }

    private static PlacementWish Wish(int id, int seed, ShardGroup[] groups) => seed % 4 == 0
        ? new PlacementWish.Drain(id, Node(seed / 4 % 9))
        : new PlacementWish.Move(id, new ShardId(groups[seed / 4 % groups.Length].Name, seed / 16 % 25), Node(seed / 512 % 9));
}

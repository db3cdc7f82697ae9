using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;
using static Kyberium.Engine.Tests.Placement.ClusterStory;

namespace Kyberium.Engine.Tests.Placement;

/// <summary>Goal: the planner's promises hold for any facts. Method: FsCheck draws facts, a cluster that does what plans say carries them out, and each
/// promise is checked by other means than the planner's own: counting, and trying every rounding.</summary>
public sealed class PlacementPlannerTests(ITestOutputHelper output)
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(500);

    [Fact]
    public void Every_shard_has_one_owner_unless_nobody_may_have_it()
    {
        var unplaceable = 0;
        Check.One(Config, Prop.ForAll(Any, facts =>
        {
            var plan = PlacementPlanner.Plan(facts);
            var all = facts.Groups.SelectMany(static group => Enumerable.Range(0, group.Count).Select(number => new ShardId(group.Name, number)));
            Assert.Equal(all, plan.Shards.Select(static planned => planned.Shard));
            foreach (var planned in plan.Shards)
            {
                var role = facts.Groups.Single(group => group.Name == planned.Shard.Group).Role;
                var isPossible = facts.Members.Any(member => MayGet(member, role))
                    || facts.Members.Any(member => member.Node == planned.From && member.State == MemberState.Unreachable);
                Assert.Equal(isPossible, planned.Node is not null);
                Assert.Equal(isPossible, planned.Step != PlannedStep.Unplaceable);
                unplaceable += isPossible ? 0 : 1;
            }
        }));
        Assert.True(unplaceable > 100, $"only {unplaceable} shards that nobody may have");
    }

    [Fact]
    public void Only_members_that_are_up_and_have_the_role_get_a_shard_and_none_out_of_reach_loses_one() => Check.One(Config, Prop.ForAll(Any, facts =>
    {
        foreach (var planned in PlacementPlanner.Plan(facts).Shards)
        {
            var from = facts.Members.SingleOrDefault(member => member.Node == planned.From);
            Assert.NotEqual(MemberState.Down, from?.State);
            switch (planned.Step)
            {
                case PlannedStep.Stays or PlannedStep.Waits:
                    Assert.Equal(planned.From, planned.Node);
                    break;
                case PlannedStep.Assigned or PlannedStep.Moves:
                    Assert.True(MayGet(facts.Members.Single(member => member.Node == planned.Node), RoleOf(facts, planned.Shard)));
                    Assert.Equal(planned.Step == PlannedStep.Moves, planned.From is not null);
                    break;
                default:
                    Assert.Null(planned.Node);
                    break;
            }

            Assert.True(from?.State != MemberState.Unreachable || planned.Step == PlannedStep.Stays);
        }
    }));

    [Fact]
    public void What_is_carried_out_is_even_to_one_shard_in_each_class_and_took_the_fewest_moves()
    {
        var total = 0;
        Check.One(Config, Prop.ForAll(WithoutWishes, facts =>
        {
            var (settled, moves) = Settle(facts);
            var fewest = 0;
            foreach (var role in facts.Groups.Select(static group => group.Role).Distinct())
            {
                var able = facts.Members.Where(member => MayGet(member, role)).ToList();
                var before = Owners(facts, role);
                var frozen = before.Count(owner => owner.Value is { State: MemberState.Unreachable });
                var count = before.Count - frozen;
                if (able.Count == 0)
                {
                    continue;
                }

                var weights = able.Sum(static member => (double)member.Weight);
                var after = Owners(settled, role);
                foreach (var member in able)
                {
                    var share = count * member.Weight / weights;
                    Assert.InRange(after.Count(owner => owner.Value?.Node == member.Node), share - 1 + 1e-9, share + 1 - 1e-9);
                }

                var elsewhere = before.Count(owner => owner.Value is { State: not MemberState.Unreachable } member && !able.Contains(member));
                fewest += elsewhere + FewestOver(able, count, weights, member => before.Count(owner => owner.Value == member));
            }

            Assert.Equal(fewest, moves);
            total += moves;
        }));
        Assert.True(total > 2_000, $"only {total} moves in all");
    }

    [Fact]
    public void No_plan_moves_more_at_once_than_it_may() => Check.One(Config, Prop.ForAll(Any, facts =>
    {
        var plan = PlacementPlanner.Plan(facts);
        Assert.Equal(plan.MoveCount, plan.Shards.Count(static planned => planned.Step == PlannedStep.Moves));
        Assert.Equal(plan.WaitingCount, plan.Shards.Count(static planned => planned.Step == PlannedStep.Waits));
        Assert.True(plan.MoveCount <= facts.MovesMax);
    }));

    [Fact]
    public void A_plan_that_was_carried_out_is_followed_by_one_that_changes_nothing() => Check.One(Config, Prop.ForAll(Any, facts =>
    {
        var plan = PlacementPlanner.Plan(Settle(facts).Settled);
        Assert.Equal((0, 0), (plan.MoveCount, plan.WaitingCount));
        Assert.All(plan.Shards, static planned => Assert.True(planned.Step is PlannedStep.Stays or PlannedStep.Unplaceable, planned.ToString()));
    }));

    [Fact]
    public void A_plan_made_again_while_moves_are_under_way_goes_on_with_them() => Check.One(Config, Prop.ForAll(Any, facts =>
    {
        var plan = PlacementPlanner.Plan(facts);
        var half = facts with
        {
            // Every other shard that moves was released; the rest are still where they were. Loads have changed meanwhile.
            Shards = [.. plan.Shards.Select(static planned => new PlacedShard(
                planned.Shard, planned.Step == PlannedStep.Moves && planned.Shard.Number % 2 == 0 ? null : planned.From, planned.Fence, planned.Node))],
            Loads = facts.Loads.ToDictionary(static load => load.Key, static load => 100 - load.Value),
        };
        var again = PlacementPlanner.Plan(half);
        Assert.All(plan.Shards.Zip(again.Shards).Where(static pair => pair.First.Step == PlannedStep.Moves), static pair =>
            Assert.Equal(pair.First.Node, pair.Second.Node));
    }));

    [Fact]
    public void Who_joins_members_of_the_same_weight_is_the_only_one_to_get_shards() => Check.One(Config, Prop.ForAll(WithoutWishes, facts =>
    {
        var even = facts with { Members = [.. facts.Members.Select(static member => member with { Weight = 5 })] };
        var (settled, _) = Settle(even);
        var newcomer = new ClusterMember(new NodeId("newcomer"), MemberState.Up) { Weight = 5, Roles = ["a", "b"] };
        foreach (var planned in PlacementPlanner.Plan(settled with { Members = [.. settled.Members, newcomer], MovesMax = 1_000 }).Shards)
        {
            Assert.True(planned.Step is not (PlannedStep.Moves or PlannedStep.Assigned) || planned.Node == newcomer.Node, planned.ToString());
        }
    }));

    [Fact]
    public void The_order_of_the_facts_does_not_matter() => Check.One(Config, Prop.ForAll(Any, facts =>
    {
        var plan = PlacementPlanner.Plan(facts);
        var turned = PlacementPlanner.Plan(facts with
        {
            Members = [.. facts.Members.Reverse()], Groups = [.. facts.Groups.Reverse()], Shards = [.. facts.Shards.Reverse()],
            Wishes = [.. facts.Wishes.Reverse()], Loads = facts.Loads.Reverse().ToDictionary(),
        });
        Assert.Equal(plan.Shards, turned.Shards);
        Assert.Equal(plan.Wishes, turned.Wishes);
    }));

    [Fact]
    public void A_wish_is_fulfilled_or_the_plan_says_why_it_is_not()
    {
        var seen = new Dictionary<WishCode, int>();
        Check.One(Config.WithMaxTest(2_000), Prop.ForAll(Any, facts =>
        {
            var (settled, _) = Settle(facts);
            var plan = PlacementPlanner.Plan(settled);
            Assert.Equal(facts.Wishes.OrderBy(static wish => wish.Id), plan.Wishes.Select(static outcome => outcome.Wish));
            foreach (var outcome in plan.Wishes)
            {
                var node = facts.Members.SingleOrDefault(member => member.Node == outcome.Wish.Node);
                seen[outcome.Code] = seen.GetValueOrDefault(outcome.Code) + 1;
                Assert.Equal(Expected(facts, settled, outcome.Wish, node), outcome.Code);
                Assert.Contains(outcome.Wish.Node.Value, outcome.Reason, StringComparison.Ordinal);
            }
        }));
        Assert.Equal(Enum.GetValues<WishCode>(), seen.Keys.Order());
    }

    [Fact]
    public void A_drain_says_that_nobody_else_may_have_shards_only_of_those_that_the_node_has()
    {
        var (drained, other) = (Node(0), Node(1));
        var (settled, _) = Settle(new PlacementFacts
        {
            Members =
            [
                new ClusterMember(drained, MemberState.Up) { Roles = ["a"] }, new ClusterMember(other, MemberState.Up) { Roles = ["a"] },
                new ClusterMember(Node(2), MemberState.Up),
            ],
            Groups = [new ShardGroup("pinned", 1, "a"), new ShardGroup("free", 1)],
            Shards = [new PlacedShard(new ShardId("pinned", 0), other, new Fence(1), other)],
            Wishes = [new PlacementWish.Drain(1, drained), new PlacementWish.Drain(2, other), new PlacementWish.Move(3, new ShardId("free", 0), drained)],
            MovesMax = 4,
        });

        Assert.Equal(
            [WishCode.Superseded, WishCode.NobodyElse, WishCode.Fulfilled], PlacementPlanner.Plan(settled).Wishes.Select(static outcome => outcome.Code));
    }

    [Fact]
    public void A_node_that_leaves_gives_its_shards_up_a_few_at_a_time_and_ends_with_none()
    {
        var members = Enumerable.Range(0, 3).Select(i => new ClusterMember(Node(i), MemberState.Up)).ToList();
        var (facts, _) = Settle(new PlacementFacts { Members = members, Groups = [new ShardGroup("default", 64)], MovesMax = 4 });
        facts = facts with { Members = [.. members.Select(member => member.Node == Node(1) ? member with { State = MemberState.Leaving } : member)] };
        var left = new List<int>();
        do
        {
            facts = CarryOut(facts, PlacementPlanner.Plan(facts));
            left.Add(facts.Shards.Count(shard => shard.Owner == Node(1)));
        }
        while (left[^1] > 0);

        Assert.Equal([17, 13, 9, 5, 1, 0], left);
        Assert.Equal([32, 32], facts.Shards.GroupBy(static shard => shard.Owner).Select(static shards => shards.Count()));
    }

    [Fact]
    public void The_heaviest_shards_are_spread_when_shards_are_given_out()
    {
        var plan = PlacementPlanner.Plan(new PlacementFacts
        {
            Members = [.. Enumerable.Range(0, 4).Select(i => new ClusterMember(Node(i), MemberState.Up))],
            Groups = [new ShardGroup("default", 16)],
            Loads = Enumerable.Range(0, 16).ToDictionary(static i => new ShardId("default", i), static i => i < 4 ? 100.0 : 1.0),
        });
        Assert.Equal(4, plan.Shards.Where(static planned => planned.Shard.Number < 4).Select(static planned => planned.Node).Distinct().Count());
    }

    [Fact]
    public void Facts_that_contradict_themselves_are_the_callers_bug()
    {
        var facts = new PlacementFacts { Members = [new ClusterMember(Node(0), MemberState.Up)], Groups = [new ShardGroup("default", 2)] };
        var shard = new PlacedShard(new ShardId("default", 0), null, default);
        Assert.All(
            new[]
            {
                facts with { Members = [.. facts.Members, .. facts.Members] }, facts with { Groups = [.. facts.Groups, .. facts.Groups] },
                facts with { Shards = [shard, shard] }, facts with { MovesMax = 0 }, facts with { Groups = [new ShardGroup("default", 0)] },
                facts with { Members = [new ClusterMember(Node(0), MemberState.Up) { Weight = 0 }] },
                facts with { Loads = new Dictionary<ShardId, double> { [shard.Shard] = double.NaN } },
                facts with { Wishes = [new PlacementWish.Drain(1, Node(0)), new PlacementWish.Drain(1, Node(0))] },
            },
            static wrong => Assert.Throws<ArgumentException>(() => PlacementPlanner.Plan(wrong)));
    }

    [Fact]
    public void A_thousand_nodes_and_a_hundred_thousand_shards_are_planned()
    {
        var members = Enumerable.Range(0, 1_000).Select(i => new ClusterMember(Node(i), MemberState.Up) { Weight = 50 + (i % 3 * 50) }).ToList();
        var facts = new PlacementFacts { Members = members, Groups = [new ShardGroup("a", 50_000), new ShardGroup("b", 50_000)], MovesMax = 100_000 };
        var watch = System.Diagnostics.Stopwatch.StartNew();
        facts = CarryOut(facts, PlacementPlanner.Plan(facts));
        var first = watch.Elapsed;
        facts = facts with { Members = [.. members.Take(500), .. members.Skip(500).Take(10).Select(static member => member with { State = MemberState.Down }), .. members.Skip(510)] };
        watch.Restart();
        var plan = PlacementPlanner.Plan(facts);
        output.WriteLine($"from nothing {first.TotalMilliseconds:F0} ms; ten nodes lost {watch.Elapsed.TotalMilliseconds:F0} ms");

        Assert.InRange(plan.Shards.Count(static planned => planned.Step == PlannedStep.Assigned), 900, 1_100);
        Assert.All(plan.Shards, static planned => Assert.NotNull(planned.Node));
    }

    private static bool MayGet(ClusterMember member, string? role) =>
        member.State == MemberState.Up && (role is null || member.Roles.Contains(role));

    private static string? RoleOf(PlacementFacts facts, ShardId shard) => facts.Groups.Single(group => group.Name == shard.Group).Role;

    /// <summary>Gets the member that has each shard of a class; <see langword="null"/> for those that are free.</summary>
    private static Dictionary<ShardId, ClusterMember?> Owners(PlacementFacts facts, string? role)
    {
        var placed = facts.Shards.ToDictionary(static shard => shard.Shard);
        return ShardsOf(facts, role).ToDictionary(static shard => shard, shard => placed.GetValueOrDefault(shard)?.Owner is { } owner
            ? facts.Members.SingleOrDefault(member => member.Node == owner && member.State != MemberState.Down) : null);
    }

    /// <summary>Tries every way to round the shares, and counts what each member has too much.</summary>
    private static int FewestOver(List<ClusterMember> able, int count, double weights, Func<ClusterMember, int> has)
    {
        var had = able.ConvertAll(member => has(member));
        return Enumerable.Range(0, 1 << able.Count)
            .Select(up => able.Select((member, i) => (int)Math.Floor((count * member.Weight / weights) + 1e-9) + (up >> i & 1)).ToList())
            .Where(quotas => quotas.Sum() == count && quotas.Zip(able).All(pair => pair.First < (count * pair.Second.Weight / weights) + 1 - 1e-9))
            .Min(quotas => quotas.Zip(had).Sum(static pair => Math.Max(0, pair.Second - pair.First)));
    }

    private static WishCode Expected(PlacementFacts facts, PlacementFacts settled, PlacementWish wish, ClusterMember? node)
    {
        var owned = settled.Shards.Where(shard => shard.Owner == wish.Node).ToList();
        if (wish is PlacementWish.Drain)
        {
            var isPinned = owned.All(shard => facts.Wishes.OfType<PlacementWish.Move>().Any(move => move.Shard == shard.Shard && move.Node == wish.Node));
            var hasOthers = owned.All(shard => facts.Members.Any(member => MayGet(member, RoleOf(facts, shard.Shard)) && !IsDrained(facts, member)));
            return node is null ? WishCode.NodeUnknown
                : node.State == MemberState.Down ? WishCode.NodeNotUp
                : owned.Count == 0 ? WishCode.Fulfilled
                : node.State == MemberState.Unreachable ? WishCode.UnderWay
                : isPinned && hasOthers ? WishCode.Superseded : WishCode.NobodyElse;
        }

        var move = (PlacementWish.Move)wish;
        var group = facts.Groups.SingleOrDefault(group => group.Name == move.Shard.Group && move.Shard.Number < group.Count);
        var isFrozen = facts.Shards.Any(shard => shard.Shard == move.Shard
            && facts.Members.Any(member => member.Node == shard.Owner && member.State == MemberState.Unreachable));
        return group is null ? WishCode.ShardUnknown
            : node is null ? WishCode.NodeUnknown
            : node.State != MemberState.Up ? WishCode.NodeNotUp
            : !MayGet(node, group.Role) ? WishCode.RoleMissing
            : facts.Wishes.Any(other => other is PlacementWish.Drain && other.Node == move.Node && other.Id > move.Id) ? WishCode.NodeDrained
            : facts.Wishes.OfType<PlacementWish.Move>().Any(other => other.Shard == move.Shard && other.Node != move.Node && other.Id > move.Id
                && facts.Members.Any(member => member.Node == other.Node && MayGet(member, group.Role))
                && !facts.Wishes.Any(drain => drain is PlacementWish.Drain && drain.Node == other.Node && drain.Id > other.Id)) ? WishCode.Superseded
            : isFrozen ? WishCode.UnderWay : WishCode.Fulfilled;
    }

    private static bool IsDrained(PlacementFacts facts, ClusterMember member) =>
        facts.Wishes.Any(wish => wish is PlacementWish.Drain && wish.Node == member.Node);
}

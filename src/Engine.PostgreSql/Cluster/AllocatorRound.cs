using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>What an allocator does, again and again: hold its lease, see to the members, plan, and write what changed.</summary>
internal sealed class AllocatorRound(ClusterStore store, string holder, int priority, int movesMax, ILogger logger)
{
    private readonly ShardTable _table = new();
    private IReadOnlyList<ClusterMember> _members = [];
    private IReadOnlyList<PlacementWish> _wishes = [];
    private long _plannedUnder;

    /// <summary>Gets what became of the wishes by the last plan made here.</summary>
    internal IReadOnlyList<WishOutcome> Wishes { get; private set; } = [];

    /// <summary>Does one round; tells whether this is the allocator.</summary>
    internal async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (await store.HoldAllocatorAsync(holder, priority, cancellationToken).ConfigureAwait(false) is not { } term
            || !await store.AttendAsync(term, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var reading = await store.ReadAsync(_table.ReadFrom, priority, cancellationToken).ConfigureAwait(false);
        var isNews = _table.Apply(reading) | _plannedUnder != term | !_members.SequenceEqual(reading.Members, MemberFacts.Comparer);
        _members = reading.Members;
        var wishes = await store.ReadWishesAsync(cancellationToken).ConfigureAwait(false);
        isNews |= !_wishes.SequenceEqual(wishes);
        _wishes = wishes;
        if (!isNews)
        {
            return true;
        }

        _plannedUnder = 0;      // until this plan is written
        var (groups, loads) = await store.ReadForPlanAsync(cancellationToken).ConfigureAwait(false);
        var plan = PlacementPlanner.Plan(new PlacementFacts
        {
            Members = _members, Groups = groups, Wishes = wishes, Loads = loads, MovesMax = movesMax,
            Shards = [.. _table.Shards.Select(static shard => new PlacedShard(shard.Key, shard.Value.Owner, shard.Value.Fence, shard.Value.Planned))],
        });
        Wishes = plan.Wishes;
        var changes = plan.Shards.Where(planned => _table.Shards.GetValueOrDefault(planned.Shard).Planned != planned.Node).ToList();
        if (changes.Count > 0)
        {
            if (await store.WritePlanAsync(term, changes, cancellationToken).ConfigureAwait(false) is not { } version)
            {
                return false;
            }

            ClusterLog.Planned(
                logger, version, plan.Shards.Count(static planned => planned.Step == PlannedStep.Assigned), plan.MoveCount, plan.WaitingCount,
                plan.Shards.Count(static planned => planned.Step == PlannedStep.Unplaceable));
        }

        _plannedUnder = term;
        return true;
    }

    /// <summary>Members as a plan sees them: lists are compared by what is in them.</summary>
    private static class MemberFacts
    {
        internal static readonly IEqualityComparer<ClusterMember> Comparer = EqualityComparer<ClusterMember>.Create(
            static (left, right) => left! with { Roles = right!.Roles } == right && left!.Roles.SequenceEqual(right.Roles, StringComparer.Ordinal));
    }
}

namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>A shard as the database has it.</summary>
/// <param name="Fence">Its highest fence.</param>
/// <param name="Owner">Who owns it; <see langword="null"/> when nobody does.</param>
/// <param name="Incarnation">The owner's incarnation.</param>
/// <param name="Planned">Who shall own it; <see langword="null"/> when nobody may.</param>
internal readonly record struct ShardFacts(Fence Fence, NodeId? Owner, long Incarnation, NodeId? Planned);

/// <summary>All shards as the database has them, brought up to date by what changed.</summary>
internal sealed class ShardTable
{
    private readonly Dictionary<ShardId, ShardFacts> _shards = [];

    /// <summary>Gets the oldest transaction that may have been under way at the last reading: what it or a later one changed is read again.</summary>
    internal string ReadFrom { get; private set; } = "0";

    internal long PlanVersion { get; private set; }

    internal IReadOnlyDictionary<ShardId, ShardFacts> Shards => _shards;

    /// <summary>Takes a reading in; tells whether anything is different now.</summary>
    internal bool Apply(ClusterReading reading)
    {
        var changed = PlanVersion != reading.PlanVersion;
        foreach (var (shard, fence, owner, incarnation) in reading.Owners)
        {
            changed |= Set(shard, _shards.GetValueOrDefault(shard) with { Fence = fence, Owner = owner, Incarnation = incarnation });
        }

        foreach (var (shard, planned) in reading.Plan)
        {
            changed |= Set(shard, _shards.GetValueOrDefault(shard) with { Planned = planned });
        }

        (ReadFrom, PlanVersion) = (reading.ReadFrom, reading.PlanVersion);
        return changed;
    }

    /// <summary>Makes the map: who owns what, and where they are reached.</summary>
    internal ShardMap ToMap(IReadOnlyList<ClusterMember> members)
    {
        var addresses = members.ToDictionary(static member => member.Node, static member => member.Address);
        return ShardMap.Of(PlanVersion, _shards.Where(static shard => shard.Value.Owner is not null)
            .Select(shard => KeyValuePair.Create(shard.Key, new ShardOwner(
                shard.Value.Owner!.Value, addresses.GetValueOrDefault(shard.Value.Owner.Value, ""), shard.Value.Fence))));
    }

    private bool Set(ShardId shard, ShardFacts facts)
    {
        if (_shards.TryGetValue(shard, out var known) && known == facts)
        {
            return false;
        }

        _shards[shard] = facts;
        return true;
    }
}

/// <summary>What one reading of the cluster gave: everything that changed since the one before, some of it perhaps again.</summary>
internal sealed record ClusterReading(
    string ReadFrom, long PlanVersion, IReadOnlyList<ClusterMember> Members,
    IReadOnlyList<(ShardId Shard, Fence Fence, NodeId? Owner, long Incarnation)> Owners, IReadOnlyList<(ShardId Shard, NodeId? Planned)> Plan)
{
    /// <summary>Gets whether nobody allocates, or somebody who does so less gladly than the reader.</summary>
    internal bool MayAllocate { get; init; }
}

using System.Diagnostics.CodeAnalysis;

namespace Kyberium.Engine;

/// <summary>Who owns a shard.</summary>
/// <param name="Node">The node.</param>
/// <param name="Address">Where other nodes reach it.</param>
/// <param name="Fence">The fence it owns the shard under.</param>
public sealed record ShardOwner(NodeId Node, string Address, Fence Fence);

/// <summary>Who owns which shard, as one node knows it. Immutable; may be out of date, and then costs a caller one more hop.</summary>
/// <remarks>Of two claims on a shard the one with the higher fence holds. A lookup is two array reads; a change copies 256 entries.</remarks>
public sealed class ShardMap
{
    private const int ChunkSize = 256;

    private readonly Dictionary<string, ShardOwner?[]?[]> _groups;

    private ShardMap(long version, Dictionary<string, ShardOwner?[]?[]> groups) => (Version, _groups) = (version, groups);

    /// <summary>Gets the map that knows nobody.</summary>
    public static ShardMap Empty { get; } = new(0, []);

    /// <summary>Gets the version of the plan it was read with; 0 before the first. Corrections do not change it.</summary>
    public long Version { get; }

    /// <summary>Gets all owners, by group and number.</summary>
    public IEnumerable<KeyValuePair<ShardId, ShardOwner>> Owners =>
        from @group in _groups.OrderBy(static entry => entry.Key, StringComparer.Ordinal)
        from chunk in @group.Value.Index()
        where chunk.Item is not null
        from place in chunk.Item.Index()
        where place.Item is not null
        select KeyValuePair.Create(new ShardId(@group.Key, (chunk.Index * ChunkSize) + place.Index), place.Item);

    /// <summary>Makes a map of owners that were read together.</summary>
    public static ShardMap Of(long version, IEnumerable<KeyValuePair<ShardId, ShardOwner>> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        var groups = new Dictionary<string, ShardOwner?[]?[]>(StringComparer.Ordinal);
        foreach (var (shard, owner) in owners)
        {
            if (!groups.TryGetValue(shard.Group, out var chunks))
            {
                groups.Add(shard.Group, chunks = []);
            }

            var chunk = shard.Number / ChunkSize;
            if (chunk >= chunks.Length)
            {
                Array.Resize(ref chunks, Math.Max(chunk + 1, chunks.Length * 2));
                groups[shard.Group] = chunks;
            }

            (chunks[chunk] ??= new ShardOwner?[ChunkSize])[shard.Number % ChunkSize] = owner;
        }

        return new ShardMap(version, groups);
    }

    /// <summary>Finds the owner of a shard.</summary>
    public bool TryFind(ShardId shard, [NotNullWhen(true)] out ShardOwner? owner)
    {
        owner = null;
        var chunk = shard.Number / ChunkSize;
        if (shard.Group is not null && shard.Number >= 0 && _groups.TryGetValue(shard.Group, out var chunks) && chunk < chunks.Length)
        {
            owner = chunks[chunk]?[shard.Number % ChunkSize];
        }

        return owner is not null;
    }

    /// <summary>Gives the map with what another node said of a shard; the same map when that is no news.</summary>
    public ShardMap With(ShardId shard, ShardOwner owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return TryFind(shard, out var known) && known.Fence.Value >= owner.Fence.Value ? this : Replace(shard, owner);
    }

    /// <summary>Gives the map without an owner that was found not to have the shard under this fence or an older one.</summary>
    public ShardMap Without(ShardId shard, Fence fence) =>
        TryFind(shard, out var known) && known.Fence.Value <= fence.Value ? Replace(shard, null) : this;

    private ShardMap Replace(ShardId shard, ShardOwner? owner)
    {
        var groups = new Dictionary<string, ShardOwner?[]?[]>(_groups, StringComparer.Ordinal);
        var chunks = groups.GetValueOrDefault(shard.Group) ?? [];
        var chunk = shard.Number / ChunkSize;
        var copy = new ShardOwner?[]?[Math.Max(chunk + 1, chunks.Length)];
        chunks.CopyTo(copy, 0);
        copy[chunk] = copy[chunk] is { } old ? (ShardOwner?[])old.Clone() : new ShardOwner?[ChunkSize];
        copy[chunk]![shard.Number % ChunkSize] = owner;
        groups[shard.Group] = copy;
        return new ShardMap(Version, groups);
    }
}

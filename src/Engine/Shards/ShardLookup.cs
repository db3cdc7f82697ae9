using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Finds peers in memory, whatever shard has them, and remembers the shards' numbers of peers used lately: working one out costs as
/// much as sealing a short message.</summary>
/// <remarks>Thread-safe. A shard that ended and the one that recovers it may have the same peer here, each its own; a number's place goes to the last writer.</remarks>
internal sealed class ShardLookup(int shardCount)
{
    private const int PlaceCount = 16_384;      // a power of two

    private readonly LinkedTable<PeerKey, ResidentPeer, ResidentPeer.Links> _resident = new();
    private readonly Numbered?[] _places = new Numbered?[PlaceCount];

    internal int Of(in PeerKey key)
    {
        ref var place = ref _places[key.GetHashCode() & (PlaceCount - 1)];
        var known = Volatile.Read(ref place);
        if (known is null || !known.Key.Equals(key))
        {
            Volatile.Write(ref place, known = new Numbered(key, ShardNumber.Of(key, shardCount)));
        }

        return known.Shard;
    }

    /// <summary>Finds a peer in memory; <see langword="null"/> when it is not, or its shard is recovering.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="shards">The shards that run now, by number.</param>
    internal ResidentPeer? FindResident(in PeerKey key, Shard?[] shards) => _resident.Find(key, new OfRunning(shards));

    /// <summary>Fetches what <see cref="FindResident"/> will most likely give into the processor's cache.</summary>
    internal void FetchResident(in PeerKey key) => _resident.Fetch(key, ResidentPeer.LookedAt);

    /// <summary>Finds a peer that a shard has in memory.</summary>
    internal ResidentPeer? Find(in PeerKey key, Shard owner) => _resident.Find(key, new OfOwner(owner));

    internal void Add(ResidentPeer peer) => _resident.Add(peer);

    /// <summary>Gives up a peer that was marked as having left.</summary>
    internal void Forget(ResidentPeer left) => _resident.Remove(left);

    private readonly struct OfRunning(Shard?[] shards) : ITableFilter<ResidentPeer>
    {
        public bool Takes(ResidentPeer item) => !item.HasLeft && item.Owner == shards[item.Owner.Number];
    }

    private readonly struct OfOwner(Shard owner) : ITableFilter<ResidentPeer>
    {
        public bool Takes(ResidentPeer item) => item.Owner == owner;
    }

    private sealed record Numbered(PeerKey Key, int Shard);
}

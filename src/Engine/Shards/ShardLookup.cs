using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Remembers the shard numbers of peers used lately: working one out costs as much as sealing a short message.</summary>
/// <remarks>Thread-safe without a lock: each place holds an immutable entry, and the last writer wins.</remarks>
internal sealed class ShardLookup(int shardCount)
{
    private const int PlaceCount = 16_384;      // a power of two

    private readonly Entry?[] _places = new Entry?[PlaceCount];

    internal int Of(in PeerKey key)
    {
        ref var place = ref _places[key.GetHashCode() & (PlaceCount - 1)];
        var known = Volatile.Read(ref place);
        if (known is null || !known.Key.Equals(key))
        {
            Volatile.Write(ref place, known = new Entry(key, ShardNumber.Of(key, shardCount)));
        }

        return known.Shard;
    }

    private sealed class Entry(PeerKey key, int shard)
    {
        internal PeerKey Key { get; } = key;

        internal int Shard { get; } = shard;
    }
}

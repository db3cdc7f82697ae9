using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Remembers where peers used lately are: working out a shard's number costs as much as sealing a short message, and the shard's own
/// table would hash the names again.</summary>
/// <remarks>Thread-safe without a lock: the last writer of a place wins. A place never keeps a peer that left memory, see
/// <see cref="Forget"/>.</remarks>
internal sealed class ShardLookup(int shardCount)
{
    private const int PlaceCount = 16_384;      // a power of two

    private readonly Entry?[] _places = new Entry?[PlaceCount];

    internal int Of(in PeerKey key) => EntryOf(key).Shard;

    /// <summary>Finds a peer in memory; <see langword="null"/> when it is not, or its shard is recovering.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="shards">The shards that run now, by number.</param>
    internal ResidentPeer? FindResident(in PeerKey key, Shard?[] shards)
    {
        var entry = EntryOf(key);
        var shard = shards[entry.Shard];
        if (entry.Peer is { HasLeft: false } known && known.Owner == shard)
        {
            return known;
        }

        var found = shard?.FindResident(key);
        entry.Peer = found;
        Interlocked.MemoryBarrier();    // either this sees that the peer left, or who makes it leave sees it here
        if (found is { HasLeft: true })
        {
            entry.Peer = null;
        }

        return found;
    }

    /// <summary>Gives up a peer that was marked as having left.</summary>
    internal void Forget(in PeerKey key)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref PlaceOf(key)) is { } known && known.Key.Equals(key))
        {
            known.Peer = null;
        }
    }

    private Entry EntryOf(in PeerKey key)
    {
        ref var place = ref PlaceOf(key);
        var known = Volatile.Read(ref place);
        if (known is null || !known.Key.Equals(key))
        {
            Volatile.Write(ref place, known = new Entry(key, ShardNumber.Of(key, shardCount)));
        }

        return known;
    }

    private ref Entry? PlaceOf(in PeerKey key) => ref _places[key.GetHashCode() & (PlaceCount - 1)];

    private sealed class Entry(PeerKey key, int shard)
    {
        internal volatile ResidentPeer? Peer;

        internal PeerKey Key { get; } = key;

        internal int Shard { get; } = shard;
    }
}

using System.Collections.Concurrent;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Finds peers in memory, whatever shard has them, and remembers the shards' numbers of peers used lately: working one out costs as
/// much as sealing a short message.</summary>
/// <remarks>Thread-safe. Holds no peer that left memory, see <see cref="Forget"/>; a number's place goes to the last writer.</remarks>
internal sealed class ShardLookup(int shardCount)
{
    private const int PlaceCount = 16_384;      // a power of two

    private readonly ConcurrentDictionary<PeerKey, ResidentPeer> _resident = new();
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
    internal ResidentPeer? FindResident(in PeerKey key, Shard?[] shards)
    {
        if (_resident.TryGetValue(key, out var known) && !known.HasLeft && known.Owner == shards[known.Owner.Number])
        {
            return known;
        }

        if (shards[Of(key)]?.FindResident(key) is not { } found)
        {
            return null;
        }

        _resident[key] = found;
        Interlocked.MemoryBarrier();    // either this sees that the peer left, or who makes it leave sees it here
        if (found.HasLeft)
        {
            Forget(found);
        }

        return found;
    }

    /// <summary>Gives up a peer that was marked as having left.</summary>
    internal void Forget(ResidentPeer left)
    {
        Interlocked.MemoryBarrier();
        _resident.TryRemove(KeyValuePair.Create(left.Key, left));
    }

    private sealed record Numbered(PeerKey Key, int Shard);
}

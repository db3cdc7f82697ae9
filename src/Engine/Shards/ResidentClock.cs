namespace Kyberium.Engine.Shards;

/// <summary>The peers of a shard that are in memory, on a clock whose hand passes over those used since its last round.</summary>
/// <remarks>Belongs to the turn, but for the count.</remarks>
internal sealed class ResidentClock
{
    private readonly List<ResidentPeer> _peers = [];
    private int _hand;

    internal int Count => _peers.Count;

    internal IReadOnlyList<ResidentPeer> Peers => _peers;

    internal void Add(ResidentPeer peer)
    {
        peer.ClockPlace = _peers.Count;
        _peers.Add(peer);
    }

    /// <summary>Removes a peer that is on the clock; the last one takes its place.</summary>
    internal void Remove(ResidentPeer peer)
    {
        var last = _peers[^1];
        _peers[last.ClockPlace = peer.ClockPlace] = last;
        _peers.RemoveAt(_peers.Count - 1);
    }

    /// <summary>Moves the hand on, and gives the peer it points to.</summary>
    internal ResidentPeer Next()
    {
        _hand = (_hand + 1) % _peers.Count;
        return _peers[_hand];
    }

    internal void Clear() => _peers.Clear();
}

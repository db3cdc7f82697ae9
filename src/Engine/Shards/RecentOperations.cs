using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Remembers the ids of the last removals, each with its peer, which remembers all its other acts and is gone with them.</summary>
/// <remarks>Thread-safe. In memory: after a restart a repeat finds no peer and is told so.</remarks>
internal sealed class RecentOperations
{
    private const int CountMax = 256;

    private readonly Lock _lock = new();
    private readonly Queue<(PeerKey Peer, Guid Operation)> _order = new();
    private readonly HashSet<(PeerKey Peer, Guid Operation)> _known = [];

    internal bool Contains(PeerKey peer, Guid operation)
    {
        lock (_lock)
        {
            return _known.Contains((peer, operation));
        }
    }

    internal void Add(PeerKey peer, Guid operation)
    {
        lock (_lock)
        {
            if (operation == Guid.Empty || !_known.Add((peer, operation)))
            {
                return;
            }

            _order.Enqueue((peer, operation));
            if (_order.Count > CountMax)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }
}

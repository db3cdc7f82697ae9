namespace Kyberium.Engine.Shards;

/// <summary>Remembers the ids of the last removals: the peer, which remembers all its other acts, is gone with them.</summary>
/// <remarks>Thread-safe. In memory: after a restart a repeat finds no peer and is told so.</remarks>
internal sealed class RecentOperations
{
    private const int CountMax = 256;

    private readonly Lock _lock = new();
    private readonly Queue<Guid> _order = new();
    private readonly HashSet<Guid> _known = [];

    internal bool Contains(Guid operation)
    {
        lock (_lock)
        {
            return _known.Contains(operation);
        }
    }

    internal void Add(Guid operation)
    {
        lock (_lock)
        {
            if (operation == Guid.Empty || !_known.Add(operation))
            {
                return;
            }

            _order.Enqueue(operation);
            if (_order.Count > CountMax)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }
}

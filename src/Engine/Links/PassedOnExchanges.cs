namespace Kyberium.Engine.Links;

/// <summary>The calls that peers have open to other nodes of the cluster, as far as what they brought was passed on to this one.</summary>
/// <remarks>One that has not been heard of for a minute is over. Bounded; the one heard of longest ago goes. Thread-safe.</remarks>
internal sealed class PassedOnExchanges(EngineScheduler scheduler, int countMax = 4_096)
{
    internal const int QuietMillisMax = 60_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(NodeId Node, Guid Id), LinkedListNode<Open>> _open = [];
    private readonly LinkedList<Open> _order = new();      // heard of longest ago first

    /// <summary>Gives the call under which another node knows it, making it when it is new.</summary>
    internal LinkExchange Of(NodeId node, Guid id, Func<LinkExchange> make)
    {
        List<LinkExchange> ended = [];
        LinkExchange exchange;
        lock (_lock)
        {
            if (Find(node, id) is { } known)
            {
                return known;
            }

            while (_order.First is { } first && (_open.Count >= countMax || scheduler.MonotonicMillis - first.Value.HeardAt > QuietMillisMax))
            {
                Remove(first);
                ended.Add(first.Value.Exchange);
            }

            exchange = make();
            _open.Add((node, id), _order.AddLast(new Open(node, id, exchange) { HeardAt = scheduler.MonotonicMillis }));
        }

        ended.ForEach(static over => over.Dispose());
        return exchange;
    }

    /// <summary>Gives a call that is open; <see langword="null"/> when nothing is known of it.</summary>
    internal LinkExchange? TryFind(NodeId node, Guid id)
    {
        lock (_lock)
        {
            return Find(node, id);
        }
    }

    private LinkExchange? Find(NodeId node, Guid id)
    {
        if (!_open.TryGetValue((node, id), out var found))
        {
            return null;
        }

        found.Value.HeardAt = scheduler.MonotonicMillis;
        _order.Remove(found);
        _order.AddLast(found);
        return found.Value.Exchange;
    }

    private void Remove(LinkedListNode<Open> open)
    {
        _order.Remove(open);
        _open.Remove((open.Value.Node, open.Value.Id));
    }

    private sealed record Open(NodeId Node, Guid Id, LinkExchange Exchange)
    {
        internal long HeardAt { get; set; }
    }
}

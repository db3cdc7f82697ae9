using Kyberium.Engine.Sessions;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Links;

/// <summary>Keeps envelopes for peers that have no address, until a call of theirs takes them along (decision 0012).</summary>
/// <remarks>
/// Kept only for peers that called of late; bounded per peer and in all. When there is no room the oldest goes: what is durable in it was
/// sent again behind it. Thread-safe.
/// </remarks>
internal sealed class ReturnQueues(EngineScheduler scheduler, LinksSettings settings)
{
    private const long KeptMillis = 600_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerKey, Waiting> _waiting = [];
    private long _bytes;
    private bool _isClosed;

    internal EngineScheduler Scheduler => scheduler;

    /// <summary>Queues an envelope.</summary>
    /// <returns><see langword="false"/> when the peer has not called of late, so that it is dropped.</returns>
    internal bool TryEnqueue(PeerKey peer, ReadOnlyMemory<byte> envelope)
    {
        List<LinkExchange> woken = [];
        lock (_lock)
        {
            if (!_waiting.TryGetValue(peer, out var waiting) || _isClosed)
            {
                return false;
            }

            if (IsAnswerToUnproved(envelope))
            {
                // Whoever brought the message this answers gets it, each its own copy: nobody takes it from another.
                foreach (var listener in waiting.Listening)
                {
                    listener.Direct.Enqueue(envelope);
                    woken.Add(listener);
                }
            }
            else
            {
                waiting.Envelopes.Enqueue(envelope);
                waiting.Bytes += envelope.Length;
                _bytes += envelope.Length;
                MakeRoom(waiting);
                woken.AddRange(waiting.Proved);
            }
        }

        foreach (var exchange in woken)
        {
            exchange.Wake();
        }

        return true;
    }

    /// <summary>An exchange brought something in the peer's name that proves nothing yet: it may have the answer to that alone.</summary>
    internal void Listen(LinkExchange exchange, PeerKey peer) => Attach(exchange, peer, static waiting => waiting.Listening);

    /// <summary>An exchange brought a new, authentic record of the peer: it may have what waits.</summary>
    internal void Prove(LinkExchange exchange, PeerKey peer)
    {
        Attach(exchange, peer, static waiting => waiting.Proved);
        exchange.IsProved = true;
        exchange.Wake();
    }

    /// <summary>Takes what an exchange may have.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Take(LinkExchange exchange, long bytesMax, out bool isClosed)
    {
        var taken = new List<ReadOnlyMemory<byte>>();
        lock (_lock)
        {
            isClosed = _isClosed;
            TakeFrom(exchange.Direct, taken, ref bytesMax);
            foreach (var peer in exchange.Peers)
            {
                if (_waiting.TryGetValue(peer, out var waiting) && waiting.Proved.Contains(exchange))
                {
                    var bytes = TakeFrom(waiting.Envelopes, taken, ref bytesMax);
                    waiting.Bytes -= bytes;
                    _bytes -= bytes;
                }
            }
        }

        return taken;
    }

    internal void End(LinkExchange exchange)
    {
        lock (_lock)
        {
            exchange.IsEnded = true;
            foreach (var peer in exchange.Peers)
            {
                if (_waiting.TryGetValue(peer, out var waiting))
                {
                    waiting.Listening.Remove(exchange);
                    waiting.Proved.Remove(exchange);
                }
            }
        }
    }

    internal void Forget(PeerKey peer)
    {
        lock (_lock)
        {
            if (_waiting.Remove(peer, out var gone))
            {
                _bytes -= gone.Bytes;
            }
        }
    }

    /// <summary>Lets every exchange return at once, and none wait any more.</summary>
    internal void Close()
    {
        LinkExchange[] open;
        lock (_lock)
        {
            _isClosed = true;
            open = [.. _waiting.Values.SelectMany(waiting => waiting.Listening.Concat(waiting.Proved)).Distinct()];
            _waiting.Clear();
            _bytes = 0;
        }

        foreach (var exchange in open)
        {
            exchange.Wake();
        }
    }

    // Message 2 answers what anybody may repeat, and so does a notice to a record that an earlier owner may have seen.
    private static bool IsAnswerToUnproved(ReadOnlyMemory<byte> envelope) =>
        EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out _)
        && header.Type is EnvelopeType.Handshake2 or EnvelopeType.WindowNotice;

    private static long TakeFrom(Queue<ReadOnlyMemory<byte>> queue, List<ReadOnlyMemory<byte>> taken, ref long bytesMax)
    {
        long bytes = 0;
        while (queue.TryPeek(out var next) && (taken.Count == 0 || next.Length <= bytesMax))
        {
            taken.Add(queue.Dequeue());
            bytes += next.Length;
            bytesMax -= next.Length;
        }

        return bytes;
    }

    private void Attach(LinkExchange exchange, PeerKey peer, Func<Waiting, HashSet<LinkExchange>> place)
    {
        lock (_lock)
        {
            if (_isClosed || exchange.IsEnded || !exchange.TryAdd(peer))
            {
                return;
            }

            var now = scheduler.MonotonicMillis;
            if (!_waiting.TryGetValue(peer, out var waiting))
            {
                ForgetStale(now);
                _waiting[peer] = waiting = new Waiting();
            }

            waiting.CalledAt = now;
            place(waiting).Add(exchange);
        }
    }

    private void ForgetStale(long now)
    {
        foreach (var (peer, waiting) in _waiting.Where(entry => now - entry.Value.CalledAt > KeptMillis && entry.Value.IsAlone).ToArray())
        {
            _bytes -= waiting.Bytes;
            _waiting.Remove(peer);
        }
    }

    private void MakeRoom(Waiting newest)
    {
        while (newest.Bytes > settings.QueueBytesMax || (_bytes > settings.ReturnBytesMax && newest.Envelopes.Count > 0))
        {
            var dropped = newest.Envelopes.Dequeue();
            newest.Bytes -= dropped.Length;
            _bytes -= dropped.Length;
        }
    }

    private sealed class Waiting
    {
        internal Queue<ReadOnlyMemory<byte>> Envelopes { get; } = new();

        internal HashSet<LinkExchange> Listening { get; } = [];

        internal HashSet<LinkExchange> Proved { get; } = [];

        internal long Bytes { get; set; }

        internal long CalledAt { get; set; }

        internal bool IsAlone => Listening.Count == 0 && Proved.Count == 0;
    }
}

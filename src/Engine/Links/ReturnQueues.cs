using Kyberium.Engine.Sessions;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Links;

/// <summary>Keeps envelopes for peers that have no address, until a call of theirs takes them along (decision 0012).</summary>
/// <remarks>
/// Kept only for peers that called of late; bounded per peer and in all. When there is no room the oldest goes, of the queue that nobody took
/// from for longest: those who call do not lose theirs to those who stay away. What is durable in it was sent again behind it. Thread-safe.
/// </remarks>
internal sealed class ReturnQueues(EngineScheduler scheduler, LinksSettings settings)
{
    private const long KeptMillis = 600_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerKey, Waiting> _waiting = [];
    private readonly LinkedList<Waiting> _called = new();      // whose last call was longest ago first
    private readonly LinkedList<Waiting> _filled = new();      // those with envelopes, whose were not taken for longest first
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
            ForgetStale();
            if (!_waiting.TryGetValue(peer, out var waiting))
            {
                return false;
            }

            if (IsAnswerToUnproved(envelope))
            {
                // Whoever brought the message this answers gets it, each its own copy: nobody takes it from another.
                foreach (var listener in waiting.Listening)
                {
                    if (listener.Direct.Count < LinkExchange.DirectCountMax)
                    {
                        listener.Direct.Enqueue(envelope);
                        woken.Add(listener);
                    }
                }
            }
            else
            {
                Add(waiting, envelope);
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
            while (exchange.Direct.TryPeek(out var answer) && Fits(answer, taken, bytesMax))
            {
                taken.Add(exchange.Direct.Dequeue());
                bytesMax -= answer.Length;
            }

            foreach (var peer in exchange.Peers)
            {
                if (_waiting.TryGetValue(peer, out var waiting) && waiting.Proved.Contains(exchange))
                {
                    TakeFrom(waiting, taken, ref bytesMax);
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
            if (_waiting.TryGetValue(peer, out var gone))
            {
                Remove(gone);
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
            _called.Clear();
            _filled.Clear();
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

    private static bool Fits(ReadOnlyMemory<byte> next, List<ReadOnlyMemory<byte>> taken, long bytesMax) =>
        taken.Count == 0 || next.Length <= bytesMax;

    private void TakeFrom(Waiting waiting, List<ReadOnlyMemory<byte>> taken, ref long bytesMax)
    {
        var count = taken.Count;
        while (waiting.Envelopes.TryPeek(out var next) && Fits(next, taken, bytesMax))
        {
            taken.Add(TakeOldest(waiting));
            bytesMax -= next.Length;
        }

        if (taken.Count > count && waiting.Envelopes.Count > 0)
        {
            _filled.Remove(waiting.InFilled);
            _filled.AddLast(waiting.InFilled);
        }
    }

    private void Attach(LinkExchange exchange, PeerKey peer, Func<Waiting, HashSet<LinkExchange>> place)
    {
        lock (_lock)
        {
            if (_isClosed || exchange.IsEnded || !exchange.TryAdd(peer))
            {
                return;
            }

            ForgetStale();
            if (_waiting.TryGetValue(peer, out var waiting))
            {
                _called.Remove(waiting.InCalled);
            }
            else
            {
                _waiting[peer] = waiting = new Waiting(peer);
            }

            waiting.CalledAt = scheduler.MonotonicMillis;
            _called.AddLast(waiting.InCalled);
            place(waiting).Add(exchange);
        }
    }

    // Each call goes to the end, so that what is stale stands in front: this costs what it removes.
    private void ForgetStale()
    {
        var now = scheduler.MonotonicMillis;
        while (_called.First?.Value is { } waiting && now - waiting.CalledAt > KeptMillis)
        {
            if (waiting.IsAlone)
            {
                Remove(waiting);
                continue;
            }

            _called.Remove(waiting.InCalled);
            _called.AddLast(waiting.InCalled);
            waiting.CalledAt = now;     // a call of its is still open
        }
    }

    private void Remove(Waiting waiting)
    {
        while (waiting.Envelopes.Count > 0)
        {
            TakeOldest(waiting);
        }

        _called.Remove(waiting.InCalled);
        _waiting.Remove(waiting.Peer);
    }

    private void MakeRoom(Waiting newest)
    {
        while (newest.Bytes > settings.QueueBytesMax)
        {
            TakeOldest(newest);
        }

        while (_bytes > settings.ReturnBytesMax)
        {
            TakeOldest(_filled.First!.Value);
        }
    }

    private void Add(Waiting waiting, ReadOnlyMemory<byte> envelope)
    {
        waiting.Envelopes.Enqueue(envelope);
        waiting.Bytes += envelope.Length;
        _bytes += envelope.Length;
        if (waiting.Envelopes.Count == 1)
        {
            _filled.AddLast(waiting.InFilled);
        }
    }

    private ReadOnlyMemory<byte> TakeOldest(Waiting waiting)
    {
        var oldest = waiting.Envelopes.Dequeue();
        waiting.Bytes -= oldest.Length;
        _bytes -= oldest.Length;
        if (waiting.Envelopes.Count == 0)
        {
            _filled.Remove(waiting.InFilled);
        }

        return oldest;
    }

    private sealed class Waiting
    {
        internal Waiting(PeerKey peer)
        {
            Peer = peer;
            InCalled = new LinkedListNode<Waiting>(this);
            InFilled = new LinkedListNode<Waiting>(this);
        }

        internal PeerKey Peer { get; }

        internal LinkedListNode<Waiting> InCalled { get; }

        internal LinkedListNode<Waiting> InFilled { get; }

        internal Queue<ReadOnlyMemory<byte>> Envelopes { get; } = new();

        internal HashSet<LinkExchange> Listening { get; } = [];

        internal HashSet<LinkExchange> Proved { get; } = [];

        internal long Bytes { get; set; }

        internal long CalledAt { get; set; }

        internal bool IsAlone => Listening.Count == 0 && Proved.Count == 0;
    }
}

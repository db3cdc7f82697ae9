using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Links;

/// <summary>Queues envelopes for each peer and hands them to links in batches, over the first address that works.</summary>
/// <remarks>
/// One loop per peer with something to send. A queue is bounded in bytes: what finds no room is dropped, and what is durable
/// among it is sent again. An address that failed is left alone for a while that doubles.
/// </remarks>
internal sealed class LinkOutlet : IEnvelopeOutlet, IAsyncDisposable
{
    private static readonly TimeSpan HandshakeWait = TimeSpan.FromSeconds(1);

    private readonly EngineScheduler _scheduler;
    private readonly LinksSettings _settings;
    private readonly IReadOnlyList<IPeerLink> _links;
    private readonly ConcurrentDictionary<PeerKey, PeerQueue> _queues = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RequestTimeouts _timeouts;
    private long _dropped;
    private long _sent;
    private long _failed;

    internal LinkOutlet(EngineScheduler scheduler, LinksSettings settings, IReadOnlyList<IPeerLink> links)
    {
        _scheduler = scheduler;
        _settings = settings;
        _links = links;
        _timeouts = new RequestTimeouts(scheduler.Time, settings.RequestTimeout, _stopping.Token);
        Returns = new ReturnQueues(scheduler, settings);
    }

    /// <summary>Gets what keeps envelopes for peers without an address.</summary>
    internal ReturnQueues Returns { get; }

    /// <summary>Gets or sets who calls those peers that cannot call this side; <see langword="null"/> before the engine is ready.</summary>
    internal LinkCollector? Collector { get; set; }

    /// <summary>Gets or sets who takes in what a call brought back.</summary>
    internal Func<ReadOnlyMemory<byte>, string, ValueTask>? Receive { get; set; }

    internal long Dropped => Volatile.Read(ref _dropped);

    internal long Sent => Volatile.Read(ref _sent);

    internal long Failed => Volatile.Read(ref _failed);

    public void Enqueue(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope, int length)
    {
        if (addresses.Count == 0 && Returns.TryEnqueue(peer, envelope.AsMemory(0, length)))
        {
            return;
        }

        if (addresses.Count == 0 || _links.Count == 0 || _stopping.IsCancellationRequested)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        while (!TryEnqueue(_queues.GetOrAdd(peer, static (peer, outlet) => new PeerQueue(outlet, peer), this), addresses, envelope.AsMemory(0, length)))
        {
            // The queue ran empty and left between finding and locking it.
        }
    }

    private bool TryEnqueue(PeerQueue queue, IReadOnlyList<string> addresses, ReadOnlyMemory<byte> envelope)
    {
        lock (queue)
        {
            if (queue.IsGone)
            {
                return false;
            }

            if (queue.Bytes + envelope.Length > _settings.QueueBytesMax)
            {
                Interlocked.Increment(ref _dropped);
                return true;
            }

            if (!ReferenceEquals(queue.Addresses, addresses) && !queue.Addresses.SequenceEqual(addresses, StringComparer.Ordinal))
            {
                queue.Addresses = addresses;
                queue.RestUntil = 0;        // the failures were of other addresses
                queue.RestMillis = 0;
            }

            queue.Envelopes.Enqueue(envelope);
            queue.Bytes += envelope.Length;
            if (queue.IsSending)
            {
                return true;
            }

            queue.IsSending = true;
        }

        _scheduler.Post(PeerQueue.BeginSending, queue);
        return true;
    }

    public void Knock(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope) => Collector?.Knocked(peer, addresses, envelope);

    public void SendingChanged(PeerKey peer) => Collector?.SendingChanged(peer);

    /// <summary>Gives up the queue of a peer that was forgotten.</summary>
    internal void Forget(PeerKey peer)
    {
        _queues.TryRemove(peer, out _);
        Returns.Forget(peer);
        Collector?.Remove(peer);
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        foreach (var queue in _queues.Values)
        {
            await queue.Loop.ConfigureAwait(false);
        }

        _timeouts.Dispose();
        _stopping.Dispose();
    }

    private async Task SendAsync(PeerQueue queue)
    {
        var batch = new List<ReadOnlyMemory<byte>>();
        while (true)
        {
            IReadOnlyList<string> addresses;
            lock (queue)
            {
                batch.Clear();
                long bytes = 0;
                while (queue.Envelopes.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Length <= _settings.BatchBytesMax))
                {
                    batch.Add(queue.Envelopes.Dequeue());
                    bytes += next.Length;
                }

                queue.Bytes -= bytes;
                if (batch.Count == 0 || _stopping.IsCancellationRequested)
                {
                    queue.IsSending = false;
                    // A queue that knows which address works, or that none does, is kept.
                    if (queue.Envelopes.Count == 0 && queue.RestUntil == 0 && queue.Preferred == 0)
                    {
                        queue.IsGone = true;
                        _queues.TryRemove(new KeyValuePair<PeerKey, PeerQueue>(queue.Peer, queue));
                    }

                    return;
                }

                addresses = queue.Addresses;
            }

            await TryAddressesAsync(queue, addresses, batch).ConfigureAwait(false);
        }
    }

    private async Task TryAddressesAsync(PeerQueue queue, IReadOnlyList<string> addresses, List<ReadOnlyMemory<byte>> batch)
    {
        var now = _scheduler.MonotonicMillis;
        if (now < queue.RestUntil)
        {
            // No address answered a moment ago. Envelopes are not worth keeping: what matters is sent again.
            Interlocked.Add(ref _dropped, batch.Count);
            return;
        }

        for (var tried = 0; tried < addresses.Count; tried++)
        {
            var address = addresses[(queue.Preferred + tried) % addresses.Count];
            if (LinkTo(address) is not { } link)
            {
                continue;
            }

            var timeout = _timeouts.Take();
            try
            {
                await HandOverAsync(link, address, batch, timeout).ConfigureAwait(false);
                queue.Preferred = (queue.Preferred + tried) % addresses.Count;
                queue.RestUntil = 0;
                queue.RestMillis = 0;
                Interlocked.Add(ref _sent, batch.Count);
                return;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // A link may be anybody's: whatever it throws means that this address did not work.
                Interlocked.Increment(ref _failed);
            }
            finally
            {
                _timeouts.Return(timeout);
            }
        }

        queue.RestMillis = Math.Clamp(
            queue.RestMillis * 2, (long)_settings.FailOverInitial.TotalMilliseconds, (long)_settings.FailOverMax.TotalMilliseconds);
        queue.RestUntil = _scheduler.MonotonicMillis + queue.RestMillis;
        Interlocked.Add(ref _dropped, batch.Count);
    }

    private IPeerLink? LinkTo(string address)
    {
        foreach (var link in _links)
        {
            if (link.CanReach(address))
            {
                return link;
            }
        }

        return null;
    }

    private ValueTask HandOverAsync(
        IPeerLink link, string address, List<ReadOnlyMemory<byte>> batch, CancellationTokenSource timeout)
    {
        var call = HandOverAndAnswerAsync(link, address, batch, timeout.Token);
        return call.IsCompleted ? call : _timeouts.WaitAsync(call, timeout);
    }

    private async ValueTask HandOverAndAnswerAsync(
        IPeerLink link, string address, List<ReadOnlyMemory<byte>> batch, CancellationToken cancellationToken)
    {
        var replies = await HandOverAsync(link, address, batch, cancellationToken).ConfigureAwait(false);
        if (replies.Count > 0 && AnswerChallenges(batch, replies) is { Count: > 0 } answers)
        {
            await HandOverAsync(link, address, answers, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Hands a batch over. Where nobody can call this side, one that begins a session waits for its answer: until there is a
    /// session, no other call can say whose it is.</summary>
    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> HandOverAsync(
        IPeerLink link, string address, List<ReadOnlyMemory<byte>> batch, CancellationToken cancellationToken)
    {
        if (!link.Collects || !batch.Exists(BeginsSession))
        {
            return await link.SendAsync(address, batch, cancellationToken).ConfigureAwait(false);
        }

        var replies = await link.ExchangeAsync(address, batch, HandshakeWait, cancellationToken).ConfigureAwait(false);
        foreach (var reply in replies)
        {
            if (Receive is { } receive && !IsChallenge(reply))
            {
                await receive(reply, address).ConfigureAwait(false);
            }
        }

        return replies;
    }

    private static bool BeginsSession(ReadOnlyMemory<byte> envelope) =>
        EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out _)
        && header.Type is EnvelopeType.Handshake1 or EnvelopeType.CookieAnswer or EnvelopeType.Confirm;

    private static bool IsChallenge(ReadOnlyMemory<byte> envelope) =>
        EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out _) && header.Type == EnvelopeType.CookieChallenge;

    /// <summary>A side under load asked for proof that a message 1 came from here: the cookie goes back with the same message.</summary>
    private static List<ReadOnlyMemory<byte>> AnswerChallenges(
        List<ReadOnlyMemory<byte>> batch, IReadOnlyList<ReadOnlyMemory<byte>> replies)
    {
        var answers = new List<ReadOnlyMemory<byte>>();
        foreach (var reply in replies)
        {
            if (!EnvelopeHeader.TryReadEnvelope(reply.Span, out var header, out _)
                || header.Type != EnvelopeType.CookieChallenge
                || !CookieChallenge.TryRead(reply.Span[EnvelopeHeader.Size..], out var challenge, out _))
            {
                continue;
            }

            foreach (var sent in batch)
            {
                if (EnvelopeHeader.TryReadEnvelope(sent.Span, out var message1, out _)
                    && message1.Type == EnvelopeType.Handshake1
                    && SHA256.HashData(sent.Span).AsSpan().SequenceEqual(challenge.MessageHash))
                {
                    var answerHeader = HandshakeHeaders.Answer(message1);
                    var answer = new byte[answerHeader.EnvelopeLength];
                    answerHeader.Write(answer);
                    new CookieAnswer(challenge.Cookie, sent.Span).Write(answer.AsSpan(EnvelopeHeader.Size));
                    answers.Add(answer);
                }
            }
        }

        return answers;
    }

    private sealed class PeerQueue(LinkOutlet outlet, PeerKey peer)
    {
        internal static readonly Action<object?> BeginSending = static state =>
        {
            var queue = (PeerQueue)state!;
            queue.Loop = queue.Outlet.SendAsync(queue);
        };

        internal PeerKey Peer { get; } = peer;

        private LinkOutlet Outlet { get; } = outlet;

        internal Queue<ReadOnlyMemory<byte>> Envelopes { get; } = new();

        internal IReadOnlyList<string> Addresses { get; set; } = [];

        internal long Bytes { get; set; }

        internal bool IsSending { get; set; }

        internal bool IsGone { get; set; }

        internal int Preferred { get; set; }

        internal long RestUntil { get; set; }

        internal long RestMillis { get; set; }

        internal Task Loop { get; set; } = Task.CompletedTask;
    }
}

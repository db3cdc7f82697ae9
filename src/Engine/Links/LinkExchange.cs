using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Links;

/// <summary>One call of somebody: which peers it spoke for, and what goes back by it.</summary>
internal sealed class LinkExchange(
    ReturnQueues queues, string source, Func<ReadOnlyMemory<byte>, LinkExchange, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> accept)
    : ILinkExchange
{
    /// <summary>A call is one engine's; several of its identities may speak in it.</summary>
    private const int PeerCountMax = 16;

    /// <summary>Answers that wait for a call which is still sending: who sends slowly, for hours, gathers no more than these.</summary>
    internal const int DirectCountMax = 64;

    /// <summary>A call that proves nothing may be anybody's: it holds its place no longer than a handshake's answer takes.</summary>
    private static readonly TimeSpan UnprovedWaitMax = TimeSpan.FromSeconds(2);

    private readonly HashSet<PeerKey> _peers = [];
    private volatile bool _isProved;
    private TaskCompletionSource? _signal;

    internal string Source => source;

    /// <summary>Gets whom it spoke for; under the queues' lock.</summary>
    internal IReadOnlyCollection<PeerKey> Peers => _peers;

    /// <summary>Gets or sets whether it brought a new, authentic record of somebody.</summary>
    internal bool IsProved
    {
        get => _isProved;
        set => _isProved = value;
    }

    /// <summary>Gets or sets whether nothing can go back by it any more; under the queues' lock.</summary>
    internal bool IsEnded { get; set; }

    /// <summary>Gets the answers that are for this call alone; under the queues' lock.</summary>
    internal Queue<ReadOnlyMemory<byte>> Direct { get; } = new();

    /// <summary>The call brought a new, authentic record of the peer.</summary>
    internal void Prove(PeerKey peer) => queues.Prove(this, peer);

    /// <summary>The call brought something in the peer's name that proves nothing.</summary>
    internal void Listen(PeerKey peer) => queues.Listen(this, peer);

    internal bool TryAdd(PeerKey peer) => _peers.Contains(peer) || (_peers.Count < PeerCountMax && _peers.Add(peer));

    internal void Wake() => Volatile.Read(ref _signal)?.TrySetResult();

    public ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default) =>
        accept(envelope, this, cancellationToken);

    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectAsync(
        int bytesMax, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        var scheduler = queues.Scheduler;
        var began = scheduler.MonotonicMillis;
        while (true)
        {
            var signal = new TaskCompletionSource(scheduler.Completion);
            Volatile.Write(ref _signal, signal);     // before looking: what comes between looking and waiting ends the wait
            var taken = queues.Take(this, bytesMax, out var isClosed);
            var left = (IsProved || wait < UnprovedWaitMax ? wait : UnprovedWaitMax)
                - TimeSpan.FromMilliseconds(scheduler.MonotonicMillis - began);
            if (taken.Count > 0 || isClosed || left <= TimeSpan.Zero)
            {
                return taken;
            }

            try
            {
                await signal.Task.WaitAsync(left, scheduler.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Looked once more: nothing that came in the last moment is left for the next call.
            }
        }
    }

    public void Dispose() => queues.End(this);
}

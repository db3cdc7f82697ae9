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

    /// <summary>With several places to look at, none is waited for longer than this while another may have something.</summary>
    private static readonly TimeSpan TurnMax = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<PeerKey> _peers = [];
    private readonly List<int> _elsewhere = [];
    private volatile bool _isProved;
    private TaskCompletionSource? _signal;

    internal string Source => source;

    /// <summary>Gets or sets the id under which other nodes know it.</summary>
    internal Guid Id { get; set; }

    /// <summary>Gets or sets what takes from another node what waits there for this call: the shard, how many bytes, how long.</summary>
    internal Func<int, int, TimeSpan, CancellationToken, ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>>>? CollectElsewhere { get; set; }

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

    /// <summary>Something the call brought was passed on to the node that has a shard: what goes back may wait there.</summary>
    internal void PassedOn(int shard)
    {
        if (!_elsewhere.Contains(shard) && _elsewhere.Count < PeerCountMax)
        {
            _elsewhere.Add(shard);
        }
    }

    internal bool TryAdd(PeerKey peer) => _peers.Contains(peer) || (_peers.Count < PeerCountMax && _peers.Add(peer));

    internal void Wake() => Volatile.Read(ref _signal)?.TrySetResult();

    public ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken = default) =>
        accept(envelope, this, cancellationToken);

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectAsync(int bytesMax, TimeSpan wait, CancellationToken cancellationToken = default) =>
        _elsewhere.Count == 0 ? CollectHereAsync(bytesMax, wait, cancellationToken) : CollectEverywhereAsync(bytesMax, wait, cancellationToken);

    /// <summary>Looks at each place in turn: what one has given for this call cannot be put back when another gives too much.</summary>
    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectEverywhereAsync(int bytesMax, TimeSpan wait, CancellationToken cancellationToken)
    {
        var scheduler = queues.Scheduler;
        var began = scheduler.MonotonicMillis;
        while (true)
        {
            var taken = queues.Take(this, bytesMax, out var isClosed);
            foreach (var shard in _elsewhere)
            {
                var left = wait - TimeSpan.FromMilliseconds(scheduler.MonotonicMillis - began);
                if (taken.Count > 0 || isClosed || left <= TimeSpan.Zero)
                {
                    return taken;
                }

                var turn = _elsewhere.Count == 1 && _peers.Count == 0 ? left : left < TurnMax ? left : TurnMax;
                var asked = scheduler.MonotonicMillis;
                taken = await CollectElsewhere!(shard, bytesMax, turn, cancellationToken).ConfigureAwait(false);
                if (taken.Count == 0 && scheduler.MonotonicMillis - asked < turn.TotalMilliseconds / 2)
                {
                    // It gave up early: nobody proved anything there, or the shard is on its way. Not at once again.
                    await scheduler.DelayAsync(turn < TurnMax ? turn : TurnMax, cancellationToken).ConfigureAwait(false);
                }
            }

            if (taken.Count > 0)
            {
                return taken;
            }
        }
    }

    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectHereAsync(
        int bytesMax, TimeSpan wait, CancellationToken cancellationToken)
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

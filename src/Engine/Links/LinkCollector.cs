using System.Collections.Concurrent;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Settings;

namespace Kyberium.Engine.Links;

/// <summary>Keeps a call open to every peer that cannot call this side, so that what it has for us comes at once (decision 0012).</summary>
/// <remarks>A call begins with a record that the peer's machine seals when it is asked to knock: it proves who calls. One call to a
/// peer at a time; after one that failed the next waits, twice as long each time.</remarks>
internal sealed class LinkCollector : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>From the beginning of one call to a peer to that of the next at least: 2 MiB each is more than such a link is for.</summary>
    private const int CallMillisMin = 20;

    private readonly EngineScheduler _scheduler;
    private readonly LinksSettings _settings;
    private readonly IReadOnlyList<IPeerLink> _links;
    private readonly Action<PeerKey> _knock;
    private readonly Func<ReadOnlyMemory<byte>, string, ValueTask> _receive;
    private readonly ConcurrentDictionary<PeerKey, Call> _calls = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer? _timer;

    /// <param name="links">Those that collect; without one nothing is done.</param>
    /// <param name="knock">Asks a peer's machine for a record to call with; it comes by <see cref="Knocked"/>, or not.</param>
    /// <param name="receive">Takes what a call brought back.</param>
    internal LinkCollector(
        EngineScheduler scheduler, LinksSettings settings, IReadOnlyList<IPeerLink> links, Action<PeerKey> knock,
        Func<ReadOnlyMemory<byte>, string, ValueTask> receive)
    {
        _scheduler = scheduler;
        _settings = settings;
        _links = links;
        _knock = knock;
        _receive = receive;
        _timer = links.Count == 0 ? null : scheduler.Time.CreateTimer(static state => ((LinkCollector)state!).Look(), this, LookEvery, LookEvery);
    }

    internal bool IsActive => _links.Count > 0;

    /// <summary>Calls the peer from now on, when it has an address that a collecting link reaches.</summary>
    internal void Add(PeerKey peer)
    {
        if (IsActive && _calls.TryAdd(peer, new Call()))
        {
            _knock(peer);
        }
    }

    internal void Remove(PeerKey peer) => _calls.TryRemove(peer, out _);

    /// <summary>There is another session with the peer, or none: it is looked at before the next round.</summary>
    internal void SendingChanged(PeerKey peer)
    {
        if (_calls.TryGetValue(peer, out var call) && !call.IsOpen)
        {
            _knock(peer);
        }
    }

    /// <summary>Opens a call with a record that the peer can tell as this side's.</summary>
    internal void Knocked(PeerKey peer, IReadOnlyList<string> addresses, ReadOnlyMemory<byte> envelope)
    {
        var (link, address) = Find(addresses);
        if (link is null || _stopping.IsCancellationRequested || !_calls.TryGetValue(peer, out var call) || !call.TryOpen())
        {
            return;
        }

        _scheduler.Post(_ => call.Loop = CallAsync(peer, call, link, address, envelope), null);
    }

    public async ValueTask DisposeAsync()
    {
        _timer?.Dispose();
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        foreach (var call in _calls.Values)
        {
            await call.Loop.ConfigureAwait(false);
        }

        _stopping.Dispose();
    }

    private void Look()
    {
        var now = _scheduler.MonotonicMillis;
        foreach (var (peer, call) in _calls)
        {
            if (!call.IsOpen && call.RestUntil <= now)
            {
                _knock(peer);
            }
        }
    }

    private (IPeerLink? Link, string Address) Find(IReadOnlyList<string> addresses)
    {
        foreach (var address in addresses)
        {
            if (_links.FirstOrDefault(link => link.CanReach(address)) is { } link)
            {
                return (link, address);
            }
        }

        return (null, string.Empty);
    }

    private async Task CallAsync(PeerKey peer, Call call, IPeerLink link, string address, ReadOnlyMemory<byte> envelope)
    {
        var began = _scheduler.MonotonicMillis;
        var count = 0;
        try
        {
            using var timeout = new CancellationTokenSource(_settings.CollectWait + _settings.RequestTimeout, _scheduler.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            foreach (var brought in await link.ExchangeAsync(address, [envelope], _settings.CollectWait, both.Token).ConfigureAwait(false))
            {
                await _receive(brought, address).ConfigureAwait(false);
                count++;
            }

            await SpaceAsync(began).ConfigureAwait(false);
            call.Close(0, 0);
            if (count > 0 || _scheduler.MonotonicMillis - began >= LookEvery.TotalMilliseconds)
            {
                _knock(peer);       // else the other side did not wait: the next look is soon enough
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // A link may be anybody's: whatever it throws means that this call brought nothing.
            var rest = Math.Clamp(
                call.RestMillis * 2, (long)_settings.FailOverInitial.TotalMilliseconds, (long)_settings.FailOverMax.TotalMilliseconds);
            call.Close(rest, _scheduler.MonotonicMillis + rest);
        }
    }

    /// <summary>Whoever answers at the address decides how soon: it must not make this side seal and call as fast as both can.</summary>
    private async Task SpaceAsync(long began)
    {
        var left = CallMillisMin - (_scheduler.MonotonicMillis - began);
        if (left > 0)
        {
            await _scheduler.DelayAsync(TimeSpan.FromMilliseconds(left), _stopping.Token).ConfigureAwait(false);
        }
    }

    private sealed class Call
    {
        private int _isOpen;
        private long _restUntil;

        internal bool IsOpen => Volatile.Read(ref _isOpen) != 0;

        internal long RestMillis { get; private set; }

        internal long RestUntil => Volatile.Read(ref _restUntil);

        internal Task Loop { get; set; } = Task.CompletedTask;

        internal bool TryOpen() => Interlocked.Exchange(ref _isOpen, 1) == 0;

        internal void Close(long restMillis, long restUntil)
        {
            RestMillis = restMillis;
            Volatile.Write(ref _restUntil, restUntil);
            Volatile.Write(ref _isOpen, 0);
        }
    }
}

using System.Collections.Concurrent;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Two engines of which one, the edge, calls, and the other, the hub, has no address for it.</summary>
internal sealed class EdgeAndHub : IAsyncDisposable
{
    private readonly InMemoryNetwork _network = new();
    private readonly LentKeyring _hubKeyring = new();
    private InMemoryJournal _hubJournal = new();

    private EdgeAndHub() => EdgeLink = new CallingLink(_network.ConnectOutbound("edge"));

    internal SessionEngine EdgeEngine { get; private set; } = null!;

    internal SessionEngine HubEngine { get; private set; } = null!;

    internal CallingLink EdgeLink { get; }

    internal static async Task<EdgeAndHub> StartAsync()
    {
        var pair = new EdgeAndHub();
        pair.EdgeEngine = await StartAsync(new InMemoryJournal(), new InMemoryKeyring(), pair.EdgeLink);
        await pair.StartHubAsync();
        var (edge, hub) = (await pair.EdgeEngine.CreateIdentityAsync(IdentityName.Default), await pair.HubEngine.CreateIdentityAsync(IdentityName.Default));
        await pair.HubEngine.AddPeerAsync(new NewPeer { Peer = new PeerId("edge"), PublicDocument = edge.PublicDocument });
        await pair.EdgeEngine.AddPeerAsync(
            new NewPeer { Peer = new PeerId("hub"), PublicDocument = hub.PublicDocument, Addresses = ["memory://hub"] });
        return pair;
    }

    internal async Task RestartHubAsync()
    {
        await HubEngine.DisposeAsync();
        _hubJournal = _hubJournal.Reopen();
        await StartHubAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await EdgeEngine.DisposeAsync();
        await HubEngine.DisposeAsync();
        await _hubKeyring.DisposeAsync();
    }

    private async Task StartHubAsync() => HubEngine = await StartAsync(_hubJournal, _hubKeyring.Lend(), _network.Connect("hub"));

    private static Task<SessionEngine> StartAsync(IJournal journal, IKeyring keyring, IPeerLink link)
    {
        var options = new EngineOptions();
        options.Shard.Count = 2;
        options.Links.FailOverInitial = TimeSpan.FromMilliseconds(100);
        options.Links.FailOverMax = TimeSpan.FromMilliseconds(100);
        var parts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult(journal),
            OpenKeyring = (_, _) => Task.FromResult(keyring),
        };
        parts.PeerLinks.Add(link);
        return SessionEngine.StartAsync(options, parts, Party.Timely);
    }

    /// <summary>The edge's link: keeps what it sent, counts its open calls and can be held back.</summary>
    internal sealed class CallingLink(IPeerLink inner) : IPeerLink
    {
        private int _open;

        internal volatile bool IsHeld;

        internal ConcurrentQueue<byte[]> Sent { get; } = new();

        internal int Open => Volatile.Read(ref _open);

        public bool Collects => inner.Collects;

        public bool CanReach(string address) => inner.CanReach(address);

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) =>
            inner.SendAsync(address, Kept(envelopes), cancellationToken);

        public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ExchangeAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan wait, CancellationToken cancellationToken = default)
        {
            var kept = Kept(envelopes);
            Interlocked.Increment(ref _open);
            try
            {
                var brought = await inner.ExchangeAsync(address, kept, wait, cancellationToken);
                return IsHeld ? [] : brought;        // lost on the way
            }
            finally
            {
                Interlocked.Decrement(ref _open);
            }
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) =>
            inner.StartAsync(receiver, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private List<ReadOnlyMemory<byte>> Kept(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
        {
            if (IsHeld)
            {
                throw new IOException("held");
            }

            foreach (var envelope in envelopes)
            {
                Sent.Enqueue(envelope.ToArray());
            }

            return [.. envelopes];
        }
    }
}

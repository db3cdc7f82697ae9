using System.Collections.Concurrent;

namespace Kyberium.Engine;

/// <summary>Joins engines of one process: addresses are <c>memory://name</c>. For tests and for trying things out.</summary>
public sealed class InMemoryNetwork
{
    private const string Scheme = "memory://";
    private const int CollectBytesMax = 2 << 20;

    private readonly ConcurrentDictionary<string, IPeerLinkReceiver> _receivers = new(StringComparer.Ordinal);

    /// <summary>Makes the link of one engine, reached under <c>memory://<paramref name="name"/></c>.</summary>
    public IPeerLink Connect(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Link(this, Scheme + name);
    }

    /// <summary>Makes the link of an engine that nobody can call: its own calls bring back what waits for it.</summary>
    public IPeerLink ConnectOutbound(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Link(this, Scheme + name, collects: true);
    }

    private sealed class Link(InMemoryNetwork network, string own, bool collects = false) : IPeerLink
    {
        public bool CanReach(string address) => address.StartsWith(Scheme, StringComparison.Ordinal);

        public bool Collects => collects;

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) =>
            HandOverAsync(address, envelopes, null, cancellationToken);

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ExchangeAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan wait, CancellationToken cancellationToken = default) =>
            HandOverAsync(address, envelopes, wait, cancellationToken);

        private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> HandOverAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan? wait, CancellationToken cancellationToken)
        {
            if (!network._receivers.TryGetValue(address, out var receiver))
            {
                throw new EngineException(EngineErrorCode.PeerUnreachable, $"nobody listens at {address}; start that engine");
            }

            using var exchange = wait is null ? null : receiver.BeginExchange(own);
            var replies = new List<ReadOnlyMemory<byte>>();
            foreach (var envelope in envelopes)
            {
                var reply = exchange is null
                    ? await receiver.AcceptEnvelopeAsync(envelope, own, cancellationToken).ConfigureAwait(false)
                    : await exchange.AcceptEnvelopeAsync(envelope, cancellationToken).ConfigureAwait(false);
                if (!reply.IsEmpty)
                {
                    replies.Add(reply);
                }
            }

            if (exchange is not null && replies.Count == 0)
            {
                replies.AddRange(await exchange.CollectAsync(CollectBytesMax, wait.GetValueOrDefault(), cancellationToken).ConfigureAwait(false));
            }

            return replies;
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default)
        {
            if (!collects)
            {
                network._receivers[own] = receiver;
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            if (!collects)
            {
                network._receivers.TryRemove(own, out _);
            }

            return ValueTask.CompletedTask;
        }
    }
}

using System.Collections.Concurrent;

namespace Kyberium.Engine;

/// <summary>Joins engines of one process: addresses are <c>memory://name</c>. For tests and for trying things out.</summary>
public sealed class InMemoryNetwork
{
    private const string Scheme = "memory://";

    private readonly ConcurrentDictionary<string, IPeerLinkReceiver> _receivers = new(StringComparer.Ordinal);

    /// <summary>Makes the link of one engine, reached under <c>memory://<paramref name="name"/></c>.</summary>
    public IPeerLink Connect(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Link(this, Scheme + name);
    }

    private sealed class Link(InMemoryNetwork network, string own) : IPeerLink
    {
        public bool CanReach(string address) => address.StartsWith(Scheme, StringComparison.Ordinal);

        public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
        {
            if (!network._receivers.TryGetValue(address, out var receiver))
            {
                throw new EngineException(EngineErrorCode.PeerUnreachable, $"nobody listens at {address}; start that engine");
            }

            List<ReadOnlyMemory<byte>>? replies = null;
            foreach (var envelope in envelopes)
            {
                var reply = await receiver.AcceptEnvelopeAsync(envelope, own, cancellationToken).ConfigureAwait(false);
                if (!reply.IsEmpty)
                {
                    (replies ??= []).Add(reply);
                }
            }

            return replies ?? (IReadOnlyList<ReadOnlyMemory<byte>>)[];
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default)
        {
            network._receivers[own] = receiver;
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            network._receivers.TryRemove(own, out _);
            return ValueTask.CompletedTask;
        }
    }
}

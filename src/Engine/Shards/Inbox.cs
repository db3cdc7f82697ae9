using System.Threading.Channels;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>Hands messages that wait in shards to the application: peers take turns, and a peer's messages keep their order.</summary>
internal sealed class Inbox : IInboxSignal
{
    private const int TakeCountMax = 64;

    // Bounded by the peers in memory: each is queued once.
    private readonly Channel<(Shard Shard, ResidentPeer Peer)> _ready;
    private readonly EngineScheduler _scheduler;

    internal Inbox(EngineScheduler scheduler)
    {
        _scheduler = scheduler;
        _ready = Channel.CreateUnbounded<(Shard, ResidentPeer)>(new UnboundedChannelOptions
        {
            AllowSynchronousContinuations = scheduler.Completion == TaskCreationOptions.None,
        });
    }

    public void Ready(Shard shard, ResidentPeer peer)
    {
        if (Interlocked.Exchange(ref peer.InboxQueued, 1) == 0)
        {
            _ready.Writer.TryWrite((shard, peer));
        }
    }

    /// <summary>Waits until a peer has messages, and takes some of them. They count as handed out until handled or failed.</summary>
    internal async ValueTask<IReadOnlyList<ReceivedMessage>> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (shard, peer) = await _ready.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref peer.InboxQueued, 0);
            var query = new PeerQuery<List<ReceivedMessage>>(peer.Key, resident => Take(shard, resident), _scheduler.Completion);
            try
            {
                try
                {
                    await shard.EnqueueAsync(query, cancellationToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    Ready(shard, peer);     // nothing was taken: the next reader is offered the peer again
                    throw;
                }

                var taken = await query.Task.ConfigureAwait(false);
                if (taken.Count > 0)
                {
                    return taken;
                }
            }
            catch (OperationCanceledException)
            {
                Ready(shard, peer);     // another reader takes what this one no longer waits for
                throw;
            }
            catch (EngineException)
            {
                // The shard ended or the peer is gone. What waits there is offered again when the shard has recovered.
            }
        }
    }

    /// <summary>Takes back what a reader that left was never shown. Bounded by what it took.</summary>
    internal void GiveBack(Shard shard, PeerKey peer, IEnumerable<ReceivedMessageId> messages) =>
        shard.PostInternal(new PeerQuery<bool>(peer, resident => GiveBack(shard, resident, messages), _scheduler.Completion));

    internal void Complete() => _ready.Writer.TryComplete();

    internal static Guid GuidOf(StreamId stream)
    {
        Span<byte> bytes = stackalloc byte[StreamId.Size];
        stream.Write(bytes);
        return new Guid(bytes, bigEndian: true);
    }

    internal static StreamId StreamOf(Guid guid)
    {
        Span<byte> bytes = stackalloc byte[StreamId.Size];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        return StreamId.Read(bytes);
    }

    private bool GiveBack(Shard shard, ResidentPeer peer, IEnumerable<ReceivedMessageId> messages)
    {
        foreach (var id in messages)
        {
            if (peer.State.Incoming.Find(StreamOf(id.Stream), id.Number) is { } node)
            {
                node.Value.HandedOut = false;
            }
        }

        Ready(shard, peer);
        return true;
    }

    private static ReceivedMessageId IdOf(ResidentPeer peer, StreamId stream, ulong number) =>
        new(peer.Key.Identity, peer.Key.Peer, GuidOf(stream), number);

    private List<ReceivedMessage> Take(Shard shard, ResidentPeer peer)
    {
        var taken = new List<ReceivedMessage>();
        foreach (var message in peer.State.Incoming.Unhandled)
        {
            if (message.HandedOut || message.SetAside)
            {
                continue;
            }

            if (taken.Count == TakeCountMax)
            {
                Ready(shard, peer);
                break;
            }

            message.HandedOut = true;
            peer.IsHandingOut = true;
            taken.Add(new ReceivedMessage(
                IdOf(peer, message.Stream, message.Number), message.Payload, message.Failures + 1));
        }

        return taken;
    }
}

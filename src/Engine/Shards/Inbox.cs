using System.Security.Cryptography;
using System.Threading.Channels;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>Hands messages that wait in shards to the application: peers take turns, and a peer's messages keep their order.</summary>
internal sealed class Inbox : IInboxSignal
{
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
    /// <param name="share">Whose reader it is: how many it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask<IReadOnlyList<ReceivedMessage>> TakeAsync(TakeShare share, CancellationToken cancellationToken)
    {
        share.Ask();
        while (true)
        {
            var (shard, peer) = await _ready.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref peer.InboxQueued, 0);
            share.Begin();
            var take = new TakeWork(peer.Key, share.Count, Ready, _scheduler.Completion);
            try
            {
                await shard.EnqueueAsync(take, cancellationToken).ConfigureAwait(false);
                var shown = new List<ReceivedMessage>();
                foreach (var taken in await take.Task.ConfigureAwait(false))
                {
                    if (taken.Chunks is null || await IsWholeAsync(shard, taken).ConfigureAwait(false))
                    {
                        shown.Add(taken.Show());
                    }
                }

                if (shown.Count > 0)
                {
                    share.End();
                    return shown;
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

    /// <summary>Offers messages again that were taken and never reached the application.</summary>
    /// <param name="shard">The peer's shard.</param>
    /// <param name="peer">Whose messages they are.</param>
    /// <param name="messages">A tail of what <see cref="TakeAsync"/> gave.</param>
    internal async Task GiveBackAsync(Shard shard, PeerKey peer, IEnumerable<ReceivedMessage> messages)
    {
        var ids = messages.Select(message => message.Id).ToHashSet();
        var query = new PeerQuery<bool>(peer, resident => GiveBack(shard, resident, ids), _scheduler.Completion);
        try
        {
            await shard.EnqueueAsync(query, CancellationToken.None).ConfigureAwait(false);
            await query.Task.ConfigureAwait(false);
        }
        catch (EngineException)
        {
            // The shard ended or the peer is gone: as above, what waits there is offered again after recovery.
        }
    }

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

    private bool GiveBack(Shard shard, ResidentPeer peer, HashSet<ReceivedMessageId> ids)
    {
        foreach (var message in peer.State.Incoming.Unhandled)
        {
            if (ids.Contains(IdOf(peer, message.Stream, message.Number)))
            {
                message.HandedOut = false;
            }
        }

        Ready(shard, peer);
        return true;
    }

    private static ReceivedMessageId IdOf(ResidentPeer peer, StreamId stream, ulong number) =>
        new(peer.Key.Identity, peer.Key.Peer, GuidOf(stream), number);

    /// <summary>Verifies what came in parts, on the receiver's own thread: it may be long, and the shard has other peers.</summary>
    private async ValueTask<bool> IsWholeAsync(Shard shard, TakenMessage taken)
    {
        if (HasHash(taken))
        {
            return true;
        }

        var message = taken.Message;
        var peer = new PeerKey(taken.Id.Identity, taken.Id.Peer);
        var drop = new SettleMessageWork(
            peer, message.Stream, message.Number, new PeerCommand.Handled(message.Stream, message.Number), default, _scheduler.Completion,
            $"transfer {TransferId.Read(message.Payload.Span)} was dropped: its parts do not have the hash of its end mark");
        await shard.EnqueueAsync(drop, CancellationToken.None).ConfigureAwait(false);
        await drop.Task.ConfigureAwait(false);
        return false;
    }

    private static bool HasHash(in TakenMessage taken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        foreach (var chunk in taken.Chunks!)
        {
            hash.AppendData(chunk.Payload.Span[TransferChunk.HeadSize..]);
        }

        Span<byte> computed = stackalloc byte[TransferEnd.HashSize];
        hash.GetHashAndReset(computed);
        return TransferEnd.TryRead(taken.Message.Payload.Span, out var end) && CryptographicOperations.FixedTimeEquals(computed, end.Hash);
    }
}

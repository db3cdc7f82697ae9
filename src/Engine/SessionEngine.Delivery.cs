using System.Runtime.CompilerServices;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Sends a durable message: never lost, never accepted twice, in order. Completes when it is in the journal.</summary>
    /// <param name="peer">To whom.</param>
    /// <param name="payload">Up to the policy's limit, 1 MiB by default; larger ones in parts.</param>
    /// <param name="options">Operation id, expiry, identity.</param>
    /// <param name="caller">For the audit record.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OutboxFull"/>: wait and repeat;
    /// <see cref="EngineErrorCode.PayloadTooLarge"/>; <see cref="EngineErrorCode.PeerUnknown"/>;
    /// <see cref="EngineErrorCode.PeerSuspended"/>.</exception>
    public async Task<SentMessage> SendAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, SendOptions options = default, CallerContext caller = default,
        CancellationToken cancellationToken = default)
    {
        var isRepeatable = options.Operation != Guid.Empty;
        var operation = isRepeatable ? options.Operation : _environment.Operations.Next();
        var expiresAt = ExpiryOf(options);
        using var activity = EngineActivities.Send(payload.Length);
        try
        {
            var key = Key(peer, options.Identity);
            var command = new PeerCommand.Send(operation, isRepeatable, MessageFlags.None, expiresAt, payload.ToArray());
            var work = new PeerWork(key, command, caller, _scheduler.Completion, cancellationToken);
            var reply = await QueueAsync(key, work, cancellationToken).ConfigureAwait(false);
            return reply.Error is { } code ? throw EngineErrors.Refused(code, key) : new SentMessage(operation, reply.Number);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    /// <summary>Gives received messages as they come, until cancelled. Each stays in the inbox until
    /// <see cref="AcknowledgeAsync"/> or <see cref="RejectAsync"/>; one that was neither comes again after a restart.</summary>
    /// <remarks>Several may read at once: each message goes to one of them.</remarks>
    public async IAsyncEnumerable<ReceivedMessage> ReceiveAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        while (true)
        {
            IReadOnlyList<ReceivedMessage> messages;
            try
            {
                messages = await _inbox.TakeAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (System.Threading.Channels.ChannelClosedException)
            {
                yield break;        // the engine was stopped
            }

            var given = 0;
            try
            {
                while (given < messages.Count)
                {
                    using (EngineActivities.Deliver(messages[given]))
                    {
                        yield return messages[given++];
                    }
                }
            }
            finally
            {
                if (given < messages.Count)     // the reader left: what it did not see is for the next one
                {
                    var key = Key(messages[given].Id.Peer, messages[given].Id.Identity);
                    await _inbox.GiveBackAsync(_shards.Of(key), key, messages.Skip(given)).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Says that a message was handled: it is not handed out again. Completes when that is durable.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.MessageUnknown"/>: it was acknowledged before.</exception>
    public async Task AcknowledgeAsync(ReceivedMessageId message, CancellationToken cancellationToken = default) =>
        await SettleAsync(message, new PeerCommand.Handled(Inbox.StreamOf(message.Stream), message.Number), default, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>Says that handling a message failed: it is handed out again, and set aside when that has happened too often.</summary>
    public async Task RejectAsync(ReceivedMessageId message, CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.Failed(Inbox.StreamOf(message.Stream), message.Number), default,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Lists messages of a peer that were set aside, without taking them out.</summary>
    public Task<IReadOnlyList<ReceivedMessage>> ListSetAsideAsync(
        PeerId peer, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        var key = Key(peer, identity);
        return LookAsync<IReadOnlyList<ReceivedMessage>>(
            key,
            resident => [.. resident.State.Incoming.Unhandled.Where(message => message.SetAside).Select(message => TakenMessage.Of(
                key, message, message.Failures,
                message.Flags == MessageFlags.ChunkEnd ? IncomingTransfers.ChunksOf(resident.State.Incoming, message) : null).Show())],
            cancellationToken);
    }

    /// <summary>Hands a message that was set aside out again.</summary>
    public async Task RetryAsync(ReceivedMessageId message, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.RetrySetAside(Inbox.StreamOf(message.Stream), message.Number), caller,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Drops a message that was set aside, for good.</summary>
    public async Task DropAsync(ReceivedMessageId message, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await SettleAsync(message, new PeerCommand.DropSetAside(Inbox.StreamOf(message.Stream), message.Number), caller, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>Turns a wait into a time; <see langword="null"/> leaves it to the peer's policy.</summary>
    private UnixMillis? ExpiryOf(in SendOptions options)
    {
        if (options.ExpiresAfter is not { } after)
        {
            return null;
        }

        if (after == Timeout.InfiniteTimeSpan)
        {
            return PeerCommand.Send.Never;
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(after, TimeSpan.Zero, nameof(SendOptions.ExpiresAfter));
        return new UnixMillis(_scheduler.UnixMillis + Math.Max(1, (long)after.TotalMilliseconds));
    }

    private async Task SettleAsync(ReceivedMessageId message, PeerCommand command, CallerContext caller, CancellationToken cancellationToken)
    {
        var peer = Key(message.Peer, message.Identity);
        await AskAsync(
            peer, new SettleMessageWork(peer, Inbox.StreamOf(message.Stream), message.Number, command, caller, _scheduler.Completion),
            cancellationToken).ConfigureAwait(false);
    }
}

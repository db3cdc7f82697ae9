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
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OutboxFull"/>: wait and repeat, or let the engine wait (<see cref="SendOptions.WaitsForRoom"/>);
    /// <see cref="EngineErrorCode.PayloadTooLarge"/>; <see cref="EngineErrorCode.PeerUnknown"/>;
    /// <see cref="EngineErrorCode.PeerSuspended"/>.</exception>
    public Task<SentMessage> SendAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, SendOptions options = default, CallerContext caller = default,
        CancellationToken cancellationToken = default) => EngineActivities.AreHeard
        ? SendTracedAsync(peer, payload, options, caller, cancellationToken)
        : Send(peer, payload, options, caller, cancellationToken);

    /// <summary>Gives received messages as they come, until cancelled. Each stays in the inbox until
    /// <see cref="AcknowledgeAsync"/> or <see cref="RejectAsync"/>; one that was neither comes again after a restart.</summary>
    /// <remarks>Several may read at once: each message goes to one of them.</remarks>
    public async IAsyncEnumerable<ReceivedMessage> ReceiveAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        var share = new TakeShare(_scheduler);
        while (true)
        {
            IReadOnlyList<ReceivedMessage> messages;
            try
            {
                messages = await _inbox.TakeAsync(share, cancellationToken).ConfigureAwait(false);
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
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.Handled(Inbox.StreamOf(message.Stream), message.Number), default,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Says that handling a message failed: it is handed out again, and set aside when that has happened too often.</summary>
    public async Task RejectAsync(ReceivedMessageId message, CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.Failed(Inbox.StreamOf(message.Stream), message.Number), default,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Hands a message that was set aside out again.</summary>
    public async Task RetryAsync(ReceivedMessageId message, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.RetrySetAside(Inbox.StreamOf(message.Stream), message.Number), caller,
            cancellationToken).ConfigureAwait(false);

    /// <summary>Drops a message that was set aside, for good.</summary>
    public async Task DropAsync(ReceivedMessageId message, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(message.Peer, message.Identity), new PeerCommand.DropSetAside(Inbox.StreamOf(message.Stream), message.Number), caller,
            cancellationToken).ConfigureAwait(false);

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

    /// <summary>Hands a message to its shard, whose answer is the caller's task itself: a state machine between them would be the largest
    /// object of a send, and one more turn of the pool.</summary>
    private Task<SentMessage> Send(
        PeerId peer, ReadOnlyMemory<byte> payload, in SendOptions options, in CallerContext caller, CancellationToken cancellationToken)
    {
        try
        {
            ThrowIfStopping();
            caller.Check();
            var isRepeatable = options.Operation != Guid.Empty;
            var key = Key(peer, options.Identity);
            var command = new PeerCommand.Send(
                isRepeatable ? options.Operation : _operations.Next(), isRepeatable || _router is not null, MessageFlags.None, ExpiryOf(options), payload.ToArray());
            return options.WaitsForRoom ? SendWhenRoomAsync(key, command, caller, cancellationToken)
                : _router is null ? SendHere(key, command, caller, cancellationToken)
                : SendRoutedAsync(key, command, caller, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<SentMessage>(cancellationToken);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return Task.FromException<SentMessage>(failure);        // as an asynchronous method would: by the task
        }
    }

    private Task<SentMessage> SendHere(PeerKey key, PeerCommand.Send command, in CallerContext caller, CancellationToken cancellationToken)
    {
        var work = new SendWork(key, command, caller, _scheduler.Completion, cancellationToken);
        var queued = _shards.Of(key).EnqueueAsync(work, cancellationToken);
        // Cancelling from here on only stops the waiting: what was staged is done.
        return queued.IsCompletedSuccessfully ? work.Task.WaitAsync(cancellationToken) : SentAsync(queued, work, cancellationToken);
    }

    private async Task<SentMessage> SendWhenRoomAsync(PeerKey key, PeerCommand.Send command, CallerContext caller, CancellationToken cancellationToken) =>
        new(command.Operation, (await SendInTurnAsync(key, command, caller, cancellationToken).ConfigureAwait(false)).Number);

    private async Task<SentMessage> SendRoutedAsync(PeerKey key, PeerCommand.Send command, CallerContext caller, CancellationToken cancellationToken) =>
        new(command.Operation, (await AskAsync(key, command, caller, cancellationToken).ConfigureAwait(false)).Number);

    private static async Task<SentMessage> SentAsync(ValueTask queued, SendWork work, CancellationToken cancellationToken)
    {
        await queued.ConfigureAwait(false);
        return await work.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<SentMessage> SendTracedAsync(
        PeerId peer, ReadOnlyMemory<byte> payload, SendOptions options, CallerContext caller, CancellationToken cancellationToken)
    {
        using var activity = EngineActivities.Send(payload.Length);
        try
        {
            return await Send(peer, payload, options, caller, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    /// <summary>A message whose sender waits until it is in the journal. Cancelled before it is staged, it is withdrawn.</summary>
    private sealed class SendWork(
        PeerKey peer, PeerCommand.Send command, CallerContext caller, TaskCreationOptions completion, CancellationToken cancellationToken) : ShardWork
    {
        private readonly TaskCompletionSource<SentMessage> _done = new(completion);
        private PeerReply _reply;

        internal Task<SentMessage> Task => _done.Task;

        internal override PeerKey? Peer => peer;

        internal override int Bytes => command.Payload.Length;

        internal override void Stage(ShardTurn turn, ResidentPeer? resident)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _done.TrySetCanceled(cancellationToken);
            }
            else
            {
                _reply = turn.Decide(resident!, command, caller);
            }
        }

        internal override void Complete()
        {
            if (_reply.Error is { } code)
            {
                _done.TrySetException(EngineErrors.Refused(code, peer));
            }
            else
            {
                _done.TrySetResult(new SentMessage(command.Operation, _reply.Number));
            }
        }

        internal override void Fail(EngineException reason) => _done.TrySetException(reason);
    }
}

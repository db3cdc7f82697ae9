using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>What was taken from an inbox: a message, or the parts of one that is yet to be verified.</summary>
/// <param name="Message">The message, or the end mark.</param>
/// <param name="Chunks">The parts in order; <see langword="null"/> for a message that came whole.</param>
internal readonly record struct TakenMessage(ReceivedMessageId Id, IncomingMessage Message, int Attempt, IReadOnlyList<IncomingMessage>? Chunks)
{
    internal static TakenMessage Of(PeerKey peer, IncomingMessage message, int attempt, IReadOnlyList<IncomingMessage>? chunks) => new(
        new ReceivedMessageId(peer.Identity, peer.Peer, Inbox.GuidOf(message.Stream), message.Number), message, attempt, chunks);

    internal ReceivedMessage Show() => Chunks is null
        ? new ReceivedMessage(Id, Message.Payload, Attempt)
        : new ReceivedMessage(Id, default, Attempt)
        {
            Stream = new ReceivedStream([.. Chunks.Select(chunk => chunk.Payload[TransferChunk.HeadSize..])]),
        };
}

/// <summary>Takes messages out of a peer's inbox in its turn, and drops parts of payloads that will never be whole.</summary>
internal sealed class TakeWork(PeerKey peer, int countMax, Action<Shard, ResidentPeer> hasMore, TaskCreationOptions completion) : ShardWork
{
    private readonly TaskCompletionSource<List<TakenMessage>> _done = new(completion);
    private readonly List<TakenMessage> _taken = [];

    internal Task<List<TakenMessage>> Task => _done.Task;

    internal override PeerKey? Peer => peer;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer)
    {
        var resident = peer!;
        var transfers = new IncomingTransfers(resident.Limits.InboxBytesMax, resident.Limits.InboxCountMax);
        if (Walk(resident, transfers))
        {
            transfers.End();
        }
        else
        {
            hasMore(turn.Shard, resident);
        }

        foreach (var part in transfers.Dropped)
        {
            turn.Decide(resident, new PeerCommand.Handled(part.Stream, part.Number), default);
        }

        Span<byte> operation = stackalloc byte[16];
        foreach (var refused in transfers.Refused)
        {
            var mark = new byte[TransferId.Size];
            refused.Write(mark);
            turn.Input.Entropy.Fill(operation);
            var told = turn.Decide(
                resident,
                new PeerCommand.Send(new Guid(operation), false, MessageFlags.Chunk | MessageFlags.ChunkEnd, PeerCommand.Send.Never, mark), default);
            if (told.Error is { } code)
            {
                turn.Report(resident, AuditKinds.TransferDropped, default, $"the sender of transfer {refused} could not be told: {code}");
            }
        }

        foreach (var report in transfers.Reports)
        {
            turn.Report(resident, AuditKinds.TransferDropped, default, report);
        }
    }

    internal override void Complete() => _done.TrySetResult(_taken);

    internal override void Fail(EngineException reason) => _done.TrySetException(reason);

    private bool Walk(ResidentPeer resident, IncomingTransfers transfers)
    {
        foreach (var message in resident.State.Incoming.Unhandled)
        {
            IReadOnlyList<IncomingMessage>? chunks = null;
            if (IncomingTransfers.IsPart(message) && (chunks = transfers.Add(message)) is null)
            {
                continue;
            }

            if (message.HandedOut || message.SetAside)
            {
                continue;
            }

            if (_taken.Count == countMax)
            {
                return false;
            }

            message.HandedOut = true;
            resident.IsHandingOut = true;
            _taken.Add(TakenMessage.Of(resident.Key, message, message.Failures + 1, chunks));
        }

        return true;
    }
}

/// <summary>Ends a message's stay in the inbox; for a payload that came in parts, that of all its parts in the same commit.</summary>
internal sealed class SettleMessageWork(
    PeerKey peer, StreamId stream, ulong number, PeerCommand command, CallerContext caller, TaskCreationOptions completion,
    string? report = null)
    : PeerWork(peer, command, caller, completion)
{
    protected override PeerReply Decide(ShardTurn turn, ResidentPeer peer)
    {
        var message = peer.State.Incoming.Find(stream, number)?.Value;
        if (message is null || message.Flags == MessageFlags.Chunk)
        {
            return PeerReply.Refused(EngineErrorCode.MessageUnknown);
        }

        var chunks = message.Flags == MessageFlags.ChunkEnd ? IncomingTransfers.ChunksOf(peer.State.Incoming, message) : [];
        var reply = base.Decide(turn, peer);
        if (reply.Error is not null)
        {
            return reply;
        }

        foreach (var chunk in chunks)
        {
            turn.Decide(peer, new PeerCommand.Handled(chunk.Stream, chunk.Number), default);
        }

        if (report is not null)
        {
            turn.Report(peer, AuditKinds.TransferDropped, default, report);
        }

        return reply;
    }
}

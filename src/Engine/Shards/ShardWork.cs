using Kyberium.Engine.Audit;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>One item of a shard's mailbox.</summary>
/// <remarks>Staged in a turn, in order; then completed once everything staged up to it is durable, or failed.</remarks>
internal abstract class ShardWork
{
    /// <summary>Gets the peer that has to be in memory before this can be staged; <see langword="null"/>: none.</summary>
    internal virtual PeerKey? Peer => null;

    /// <summary>Gets whether a peer that is not in the store is made up, empty, for this to decide on.</summary>
    internal virtual bool IsForNewPeer => false;

    /// <summary>Gets whether it sees and changes nothing but the peers that its batch names, so that, where these have nothing open and it decides no fact, it need
    /// not wait for the flush of others.</summary>
    internal virtual bool IsOfOnePeer => false;

    /// <summary>Gets whether its caller waits for nothing but the turn, and may take it himself.</summary>
    internal virtual bool RunsOnCaller => false;

    /// <summary>Gets how many bytes of a caller or a peer it carries, for the bound of a batch.</summary>
    internal virtual int Bytes => 0;

    /// <summary>Runs in the turn.</summary>
    internal abstract void Stage(ShardTurn turn, ResidentPeer? peer);

    /// <summary>Runs once all that was staged with it is durable.</summary>
    internal virtual void Complete()
    {
    }

    /// <summary>Runs instead, when the shard ended before that, or the peer could not be loaded.</summary>
    internal virtual void Fail(EngineException reason)
    {
    }
}

/// <summary>A command for one peer whose caller waits for the reply.</summary>
/// <remarks>Cancelled before it is staged, it is withdrawn: nothing is decided. Afterwards its caller only waits no longer.</remarks>
internal class PeerWork(
    PeerKey peer, PeerCommand command, CallerContext caller, TaskCreationOptions completion, CancellationToken cancellationToken = default)
    : ShardWork
{
    private readonly TaskCompletionSource<PeerReply> _done = new(completion);
    private PeerReply _reply;

    internal Task<PeerReply> Task => _done.Task;

    internal CallerContext Caller => caller;

    internal override PeerKey? Peer => peer;

    internal override bool IsForNewPeer => command is PeerCommand.Add;

    internal override bool IsOfOnePeer => command is PeerCommand.Connect;

    internal override bool RunsOnCaller => command is PeerCommand.Connect;

    internal override int Bytes => command is PeerCommand.Send send ? send.Payload.Length : 0;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            _done.TrySetCanceled(cancellationToken);
            return;
        }

        _reply = AuditKinds.OfAct(command) is { } act ? Perform(turn, peer!, act) : Decide(turn, peer!);
        if (command is PeerCommand.Connect or PeerCommand.AwaitNextEpoch && _reply is { Error: null, Number: 0 })
        {
            (peer!.SessionWaiters ??= []).Add(this);
            IsWaitingForSession = true;
        }
    }

    /// <summary>Gets or sets whether the answer comes with a later batch: the one that settles the session.</summary>
    internal bool IsWaitingForSession { get; set; }

    /// <summary>Gets whether it waits for the next epoch of a session that there is, not for a session.</summary>
    internal bool WaitsForEpoch => command is PeerCommand.AwaitNextEpoch;

    internal void Settle(EngineErrorCode? failure)
    {
        _reply = failure is { } code ? PeerReply.Refused(code) : PeerReply.Done;
        IsWaitingForSession = false;
    }

    internal override void Complete()
    {
        if (!IsWaitingForSession)
        {
            _done.TrySetResult(_reply);
        }
    }

    internal override void Fail(EngineException reason) => _done.TrySetException(reason);

    protected virtual PeerReply Decide(ShardTurn turn, ResidentPeer peer) => turn.Decide(peer, command, caller);

    /// <summary>Does an operator's act: with its facts go an audit event and, where the caller chose an id, that id. A repeat of
    /// one that was done is answered as that was.</summary>
    private PeerReply Perform(ShardTurn turn, ResidentPeer peer, string act)
    {
        var isRepeatable = caller.Operation != Guid.Empty;
        var detail = AuditKinds.DetailOf(command);
        var repeat = isRepeatable ? AuditKinds.RepeatId(caller.Operation, act, detail) : default;
        if (isRepeatable && peer.State.Performed.Contains(repeat))
        {
            return PeerReply.Done;
        }

        var reply = Decide(turn, peer);
        if (reply.Error is null)
        {
            if (isRepeatable && peer.State.Exists)
            {
                turn.Decide(peer, new PeerCommand.NotePerformed(repeat), caller);
            }

            turn.ReportAct(peer, act, caller, detail);
        }

        return reply;
    }
}

/// <summary>A command nobody waits for.</summary>
internal sealed class SilentPeerWork(PeerKey peer, PeerCommand command) : ShardWork
{
    internal override PeerKey? Peer => peer;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer) => turn.Decide(peer!, command, default);

    internal override void Fail(EngineException reason) => PeerMachine.Discard(command);
}

/// <summary>Looks at a peer in the turn and answers with what it saw once that is durable.</summary>
internal sealed class PeerQuery<T>(PeerKey peer, Func<ResidentPeer, T> look, TaskCreationOptions completion) : ShardWork
{
    private readonly TaskCompletionSource<T> _done = new(completion);
    private T _seen = default!;
    private bool _isUnknown;

    internal Task<T> Task => _done.Task;

    internal override PeerKey? Peer => peer;

    internal override bool IsOfOnePeer => true;

    internal override bool RunsOnCaller => true;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer)
    {
        turn.Looked.Add(peer!);
        _isUnknown = !peer!.State.Exists;
        _seen = _isUnknown ? default! : look(peer);
    }

    internal override void Complete()
    {
        if (_isUnknown)
        {
            _done.TrySetException(ShardErrors.PeerUnknown(peer));
        }
        else
        {
            _done.TrySetResult(_seen);
        }
    }

    internal override void Fail(EngineException reason) => _done.TrySetException(reason);
}

/// <summary>A record that belongs to the machine: it is opened in the turn, by the epoch its index names.</summary>
/// <param name="exchange">The call it came by; <see langword="null"/>: nothing can go back by it.</param>
internal sealed class EnvelopeWork(EnvelopeHeader header, ReadOnlyMemory<byte> envelope, PeerKey? owner, LinkExchange? exchange = null)
    : ShardWork
{
    internal LinkExchange? Exchange => exchange;

    internal EnvelopeHeader Header { get; } = header;

    internal ReadOnlyMemory<byte> Envelope { get; } = envelope;

    internal override PeerKey? Peer => owner;

    internal override int Bytes => Envelope.Length;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer) => turn.Open(this);
}

/// <summary>Makes room for volatile records of an incarnation; its callers open their envelope again afterwards.</summary>
internal sealed class ReserveWork(
    EpochTraffic traffic, Incarnation incarnation, ulong through, bool isNew, Incarnation closeFirst, TaskCreationOptions completion)
    : ShardWork
{
    private readonly TaskCompletionSource _done = new(completion);

    internal Task Task => _done.Task;

    internal override PeerKey? Peer => traffic.Peer.Key;

    internal override void Stage(ShardTurn turn, ResidentPeer? peer) =>
        turn.Reserve(peer!, traffic, incarnation, through, isNew, closeFirst);

    internal override void Complete() => _done.TrySetResult();

    internal override void Fail(EngineException reason) => _done.TrySetException(reason);
}

/// <summary>Something the shard does in its turn for itself.</summary>
internal sealed class TurnWork(Action<ShardTurn> run, Action? complete = null, Action<EngineException>? fail = null) : ShardWork
{
    /// <summary>Gets whether it concerns one peer alone, which it touches.</summary>
    internal override bool IsOfOnePeer => OfOnePeer;

    internal bool OfOnePeer { get; init; }

    internal override void Stage(ShardTurn turn, ResidentPeer? peer) => run(turn);

    internal override void Complete() => complete?.Invoke();

    internal override void Fail(EngineException reason) => fail?.Invoke(reason);
}

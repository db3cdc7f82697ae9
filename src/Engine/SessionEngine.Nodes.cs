using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Identities;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine;

/// <summary>How calls reach the node of the cluster that has their shard. Alone with its store, an engine makes every call itself.</summary>
public sealed partial class SessionEngine
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PassOnPatience = TimeSpan.FromSeconds(5);

    private static ShardId ShardOf(int number) => new(ShardId.DefaultGroup, number);

    private bool IsHere(in PeerKey peer) => _shards.Find(peer) is not null;

    /// <summary>Gives a command to a peer's shard, wherever that is, and waits for the reply.</summary>
    private Task<PeerReply> AskAsync(PeerKey peer, PeerCommand command, CallerContext caller, CancellationToken cancellationToken)
    {
        if (_router is null)
        {
            return AskHereAsync(peer, command, caller, cancellationToken);
        }

        // Under an id of its own whatever is asked twice is done once.
        var identified = Identified(caller);
        var repeatable = command is PeerCommand.Send { IsRepeatable: false } send ? send with { IsRepeatable = true } : command;
        return CallAsync(
            peer, () => AskHereAsync(peer, repeatable, identified, cancellationToken), new NodeRequest.Command(peer, repeatable),
            static (ref Sessions.Storage.StateReader reader) => new PeerReply(null, NodeAnswerCodec.ReadNumber(ref reader)), identified,
            command switch
            {
                PeerCommand.Handled or PeerCommand.DropSetAside or PeerCommand.RetrySetAside => (EngineErrorCode.MessageUnknown, PeerReply.Done),
                PeerCommand.Forget => (EngineErrorCode.PeerUnknown, PeerReply.Done),
                _ => null,
            },
            cancellationToken);
    }

    private CallerContext Identified(CallerContext caller) => caller.Operation == Guid.Empty ? caller with { Operation = _operations.Next() } : caller;

    private Task<T> CallAsync<T>(
        PeerKey peer, Func<Task<T>> here, NodeRequest request, NodeAnswerCodec.Reading<T> read, CallerContext caller = default,
        (EngineErrorCode Code, T Answer)? again = null, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        return _router is null
            ? here()
            : CallAsync(
                _shards.NumberOf(peer),
                async () =>
                {
                    await KnowAsync(peer.Identity).ConfigureAwait(false);
                    return await here().ConfigureAwait(false);
                },
                request, read, caller, again, cancellationToken);
    }

    private Task<T> CallAsync<T>(
        int shard, Func<Task<T>> here, NodeRequest request, NodeAnswerCodec.Reading<T> read, CallerContext caller = default,
        (EngineErrorCode Code, T Answer)? again = null, CancellationToken cancellationToken = default) => _router!.CallAsync(
            ShardOf(shard), () => _shards.Find(shard) is null ? null : here(), request, caller, bytes => NodeAnswerCodec.Read(bytes, read), again,
            cancellationToken);

    /// <summary>Reads the identities once more when one is not known: another node may have made it a moment ago.</summary>
    internal Task KnowAsync(IdentityName identity) => _directory.Identities.Find(identity) is null ? _directory.RefreshAsync() : Task.CompletedTask;

    /// <summary>Reads the identities as the store has them now.</summary>
    internal Task ReadIdentitiesAsync() => _directory.RefreshAsync();

    /// <summary>Gathers a list that a shard gives in pages.</summary>
    private async Task<IReadOnlyList<T>> PagesAsync<T>(
        int shard, Func<Task<IReadOnlyList<T>>> here, Func<int, NodeRequest> request, NodeAnswerCodec.Reading<NodePage<T>> read,
        CancellationToken cancellationToken)
    {
        var items = new List<T>();
        while (true)
        {
            var page = await PageAsync(shard, items.Count, here, request, read, cancellationToken).ConfigureAwait(false);
            items.AddRange(page.Items);
            if (!page.HasMore)
            {
                return items;
            }
        }
    }

    private Task<NodePage<T>> PageAsync<T>(
        int shard, int skip, Func<Task<IReadOnlyList<T>>> here, Func<int, NodeRequest> request, NodeAnswerCodec.Reading<NodePage<T>> read,
        CancellationToken cancellationToken) => CallAsync(
            shard, async () => new NodePage<T>([.. (await here().ConfigureAwait(false)).Skip(skip)], HasMore: false), request(skip), read,
            cancellationToken: cancellationToken);

    private Task<IReadOnlyList<PeerKey>> ListPeersOfAsync(int shard, CancellationToken cancellationToken) => _router is null
        ? _shards.At(shard).ListPeersAsync(cancellationToken)
        : PagesAsync(
            shard, () => _shards.At(shard).ListPeersAsync(cancellationToken), static skip => new NodeRequest.ListPeers(skip), NodeAnswerCodec.ReadPeers,
            cancellationToken);

    /// <summary>Has the directory's owner do an act on an identity.</summary>
    private async Task<IdentityInfo> ActOnIdentityAsync(
        NodeRequest request, CallerContext caller, Func<EngineDirectory, Task<IdentityInfo>> act, CancellationToken cancellationToken)
    {
        if (_router is null)
        {
            return await act(_directory.Owned).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        var made = await _router.CallAsync(
            ShardId.Directory, () => _directory.IsHere ? act(_directory.Owned).WaitAsync(cancellationToken) : null, request, Identified(caller),
            static bytes => NodeAnswerCodec.Read(bytes, NodeAnswerCodec.ReadIdentity), cancellationToken: cancellationToken).ConfigureAwait(false);
        await _directory.RefreshAsync().WaitAsync(cancellationToken).ConfigureAwait(false);     // who asked for it finds it here
        return made;
    }

    /// <summary>Has the directory's owner do an act that claims or frees keys.</summary>
    /// <param name="done">The failure that says, when the call is repeated, that it was done.</param>
    private Task ActOnPeerAsync(
        NodeRequest request, CallerContext caller, Func<CallerContext, Task> act, EngineErrorCode? done, CancellationToken cancellationToken)
    {
        if (_router is null)
        {
            return act(caller);
        }

        var identified = Identified(caller);
        return _router.CallAsync(
            ShardId.Directory, () => _directory.IsHere ? DoneAsync(act(identified)) : null, request, identified, static _ => true,
            done is { } code ? (code, true) : null, cancellationToken);

        static async Task<bool> DoneAsync(Task act)
        {
            await act.ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>Hands an envelope to the node that has its shard. Where nobody has it now it is dropped, as a link may drop it.</summary>
    /// <param name="source">Where it came from; <see langword="null"/>: from another node, which is told who has the shard.</param>
    private async ValueTask PassOnAsync(
        int shard, ReadOnlyMemory<byte> envelope, string? source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (_router is null || shard >= _shards.Count)
        {
            return;
        }

        if (source is null)
        {
            throw ShardErrors.Elsewhere(ShardOf(shard));
        }

        var request = new NodeRequest.Accept(envelope, source, exchange?.Id ?? Guid.Empty);
        if (await _router.TryAskAsync(ShardOf(shard), request, PassOnPatience, cancellationToken).ConfigureAwait(false) is null)
        {
            Refused($"no node serves shard {ShardOf(shard)} now");
            return;
        }

        exchange?.PassedOn(shard);
    }

    /// <summary>Takes from the node that has a shard what waits there for a call of a peer to this one.</summary>
    private async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> CollectElsewhereAsync(
        Guid exchange, int shard, int bytesMax, TimeSpan wait, CancellationToken cancellationToken)
    {
        var request = new NodeRequest.Collect(exchange, bytesMax, (int)Math.Clamp(wait.TotalMilliseconds, 0, PassedOnExchanges.QuietMillisMax / 2));
        var answer = await _router!.TryAskAsync(ShardOf(shard), request, wait + PassOnPatience, cancellationToken).ConfigureAwait(false);
        return answer is { } bytes ? NodeAnswerCodec.Read(bytes, NodeAnswerCodec.ReadDocuments) : [];
    }

    /// <summary>Hands the shards on before this node stops, so that nobody waits for the end of its lease.</summary>
    private async Task LeaveAsync()
    {
        if (_cluster is null || Volatile.Read(ref _stopping) != 0)
        {
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(LeavePatience, _scheduler.Time);
            await _placement.LeaveAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is EngineException or OperationCanceledException)
        {
            EngineLog.NotLeft(_logger, failure.Message);
        }
    }
}

using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Forwarding;

/// <summary>Brings a call to the node that has its shard: here, over a link, or, while nobody has it, when somebody does.</summary>
/// <remarks>
/// A call waits while its shard moves or its node is gone, at most as long as the router's patience, and is asked again under the same operation, which
/// the shard knows. Who guesses wrong is told who has the shard: one hop more. A request that came from another node is never sent on.
/// </remarks>
internal sealed class RequestRouter(IPlacement placement, INodeLinks links, EngineScheduler scheduler, OperationIds operations, TimeSpan patience)
{
    private const int WaitMillisMin = 5;
    private const int WaitMillisMax = 200;

    private long _sentCount;
    private long _waitedCount;

    /// <summary>Gets how many requests were sent.</summary>
    internal long SentCount => Volatile.Read(ref _sentCount);

    /// <summary>Gets how many calls waited for a shard that no node served, or for its node.</summary>
    internal long WaitedCount => Volatile.Read(ref _waitedCount);

    /// <summary>Tells a caller who has a shard, as far as it is known here.</summary>
    internal ClusterAnswer WrongOwner(ShardId shard) =>
        placement.Map.TryFind(shard, out var owner) && owner.Node != placement.Self
            ? ClusterAnswer.WrongOwner(new OwnerHint(owner.Node, owner.Address, owner.Fence, placement.Map.Version))
            : ClusterAnswer.WrongOwner(OwnerHint.None);

    /// <summary>Says whether a failure means that another node has the shard, or will.</summary>
    internal static bool IsElsewhere(EngineErrorCode code) => code is EngineErrorCode.ShardElsewhere or EngineErrorCode.LeaseLost
        or EngineErrorCode.ShardRecovering or EngineErrorCode.ShardFenced;

    /// <summary>Says whether an answer means that nothing happened, so that asking again is asking for the first time.</summary>
    internal static bool IsUndone(in ClusterAnswer answer) =>
        answer.Status == ClusterAnswerStatus.WrongOwner || (answer.Status == ClusterAnswerStatus.Failed && IsUndone(answer.Code));

    /// <summary>Makes a call.</summary>
    /// <param name="shard">Whose call it is.</param>
    /// <param name="here">Makes it in this process; <see langword="null"/> when the shard is not here now.</param>
    /// <param name="request">What another node is asked.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="read">Reads the answer.</param>
    /// <param name="again">The failure that says, where the call is repeated after an answer that never came, that it had been done; gives what to answer then.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<T> CallAsync<T>(
        ShardId shard, Func<Task<T>?> here, NodeRequest request, CallerContext caller, Func<ReadOnlyMemory<byte>, T> read,
        (EngineErrorCode Code, T Answer)? again = null, CancellationToken cancellationToken = default)
    {
        var began = scheduler.MonotonicMillis;
        var operation = operations.Next();
        byte[]? payload = null;
        EngineException? last = null;
        var mayHaveHappened = false;
        for (var wait = WaitMillisMin; ; wait = Math.Min(WaitMillisMax, wait * 2))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = patience - TimeSpan.FromMilliseconds(scheduler.MonotonicMillis - began);
            if (left < TimeSpan.FromMilliseconds(1))
            {
                throw mayHaveHappened ? ForwardingErrors.Unknown(shard, last!)
                    : last is null || IsElsewhere(last.Code) ? ForwardingErrors.NotFound(shard, patience, last) : last;
            }

            var wasAsked = false;
            try
            {
                if (here() is { } local)
                {
                    return await local.ConfigureAwait(false);
                }

                if (Find(shard) is { } owner)
                {
                    wasAsked = true;
                    payload ??= NodeRequestCodec.Write(request, caller);
                    Interlocked.Increment(ref _sentCount);
                    var answer = await links.SendAsync(
                        owner.Node, owner.Address, new ClusterRequest(operation, shard, left, payload), cancellationToken).ConfigureAwait(false);
                    if (answer.Status == ClusterAnswerStatus.Done)
                    {
                        return read(answer.Payload);
                    }

                    if (Corrects(shard, owner, answer))
                    {
                        continue;
                    }

                    if (answer.Status == ClusterAnswerStatus.Failed)
                    {
                        throw answer.ToException();
                    }
                }
            }
            catch (EngineException failure) when (again is { } done && mayHaveHappened && failure.Code == done.Code)
            {
                return done.Answer;
            }
            catch (EngineException failure) when (
                IsElsewhere(failure.Code) || (wasAsked && IsOfTheWay(failure.Code)) || failure is { IsUndone: true, Code: EngineErrorCode.Overloaded })
            {
                last = failure;
                mayHaveHappened |= !failure.IsUndone && !IsUndone(failure.Code);
                if (mayHaveHappened && !request.IsRepeatable)
                {
                    throw;
                }
            }

            if (wait == WaitMillisMin)
            {
                Interlocked.Increment(ref _waitedCount);
            }

            await scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Asks the node that has a shard now, without waiting for one that nobody has.</summary>
    /// <returns>Its answer; <see langword="null"/> when no node did it.</returns>
    internal async Task<ReadOnlyMemory<byte>?> TryAskAsync(ShardId shard, NodeRequest request, TimeSpan time, CancellationToken cancellationToken)
    {
        var payload = NodeRequestCodec.Write(request, default);
        var operation = operations.Next();
        for (var hop = 0; hop < 2 && Find(shard) is { } owner; hop++)
        {
            Interlocked.Increment(ref _sentCount);
            var answer = await links.SendAsync(
                owner.Node, owner.Address, new ClusterRequest(operation, shard, time, payload), cancellationToken).ConfigureAwait(false);
            if (!Corrects(shard, owner, answer))
            {
                return answer.Status == ClusterAnswerStatus.Done ? answer.Payload : default(ReadOnlyMemory<byte>?);
            }
        }

        return null;
    }

    private static bool IsUndone(EngineErrorCode code) => code is EngineErrorCode.ShardElsewhere or EngineErrorCode.NodeUnreachable
        or EngineErrorCode.Overloaded or EngineErrorCode.EngineStopping;

    private static bool IsOfTheWay(EngineErrorCode code) => code is EngineErrorCode.NodeUnreachable or EngineErrorCode.OutcomeUnknown
        or EngineErrorCode.EngineStopping or EngineErrorCode.Overloaded;

    private ShardOwner? Find(ShardId shard) =>
        placement.Map.TryFind(shard, out var owner) && owner.Node != placement.Self && owner.Address.Length > 0 ? owner : null;

    /// <summary>Learns from an answer who has the shard, when that is news; else the map has to change first.</summary>
    private bool Corrects(ShardId shard, ShardOwner asked, in ClusterAnswer answer)
    {
        if (answer is not { Status: ClusterAnswerStatus.WrongOwner, Hint: { Owner.Value.Length: > 0 } hint } || hint.Fence.Value <= asked.Fence.Value)
        {
            return false;
        }

        placement.Correct(shard, new ShardOwner(hint.Owner, hint.Address, hint.Fence));
        return Find(shard) != asked;
    }
}

namespace Kyberium.Engine;

/// <summary>Says which shards this node shall own, whether it may still serve them, and who owns the others.</summary>
/// <remarks>
/// <para>An engine stands on this and not on a kind of cluster: a store with leases, an actor system's shard coordinator, or one
/// process alone (<see cref="SingleNodePlacement"/>). What protects the data is never this, it is the <see cref="Fence"/>: an implementation that is
/// wrong, late or paused costs time, not writes. It protects answers that no journal sees: those are given under <see cref="IShardLease.MayServe"/>.</para>
/// <para>Orders are levels, not edges: an implementation repeats an order until it is carried out or withdrawn, and a host takes a
/// repeated one as the same. For one shard: <see cref="ShardOrderKind.Acquire"/>, the host calls <see cref="IJournal.AcquireAsync(ShardId, CancellationToken)"/> and reports
/// <see cref="AcquiredAsync"/>; later <see cref="ShardOrderKind.GiveUp"/>, the host takes no more turns, writes its checkpoint and reports
/// <see cref="ReleasedAsync"/>; or <see cref="ShardOrderKind.Stop"/>, and the host forgets the shard at once.</para>
/// <para>An implementation starts no thread of its own beside its timers and reads time from its <see cref="TimeProvider"/> only, so that a
/// simulator can run it. Thread-safe.</para>
/// </remarks>
public interface IPlacement : IAsyncDisposable
{
    /// <summary>Gets this node's name.</summary>
    NodeId Self { get; }

    /// <summary>Gets who owns what, as far as it is known here. Cheap: an immutable value that is replaced.</summary>
    ShardMap Map { get; }

    /// <summary>Gets the members of the cluster, as far as they are known here, ordered by name.</summary>
    IReadOnlyList<ClusterMember> Members { get; }

    /// <summary>Takes part in the cluster: from now on <paramref name="host"/> gets orders.</summary>
    /// <remarks>What is ordered before this first waits belongs to the start of the host, which fails with it.</remarks>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterRefused"/>: the cluster does not take this node;
    /// <see cref="EngineErrorCode.JournalUnavailable"/>: what keeps the cluster does not answer.</exception>
    ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default);

    /// <summary>Reports that the journal gave a shard out under <paramref name="fence"/>; the host serves it from then on.</summary>
    /// <returns>What says whether the host may still serve it. Without a valid lease it says no from the start, and a
    /// <see cref="ShardOrderKind.Stop"/> follows.</returns>
    ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default);

    /// <summary>Reports that the shard's last commit under <paramref name="fence"/> is durable and that none will follow, so that the next owner may take
    /// it. Asked again, or after the fence has risen, it does nothing.</summary>
    ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default);

    /// <summary>Reports how much work a shard is, in any unit that is the same on all nodes; the last value counts.</summary>
    /// <param name="shard">One that this node owns.</param>
    /// <param name="load">0 or more, finite.</param>
    void ReportLoad(ShardId shard, double load);

    /// <summary>Takes what another node answered about a shard: its owner, when the answer is newer than the map.</summary>
    void Correct(ShardId shard, ShardOwner owner);

    /// <summary>Leaves: gets nothing more and has everything ordered away; completes when nothing is left here or nobody takes it.</summary>
    ValueTask LeaveAsync(CancellationToken cancellationToken = default);
}

/// <summary>The engine's side of a placement: carries out its orders.</summary>
public interface IShardHost
{
    /// <summary>Takes an order. Returns at once and does not throw: the work is done elsewhere, and reported when it is done.</summary>
    void Take(ShardOrder order);
}

/// <summary>What a node is told to do with a shard.</summary>
/// <param name="Kind">What.</param>
/// <param name="Shard">The shard.</param>
/// <param name="Fence">The fence under which this node has it; 0 with <see cref="ShardOrderKind.Acquire"/>.</param>
public readonly record struct ShardOrder(ShardOrderKind Kind, ShardId Shard, Fence Fence);

/// <summary>What a node is told to do with a shard.</summary>
public enum ShardOrderKind
{
    /// <summary>Take it over: nobody serves it now.</summary>
    Acquire = 1,

    /// <summary>Hand it on: finish turns, write a checkpoint, report that it is released.</summary>
    GiveUp = 2,

    /// <summary>Serve it no longer, from this moment: the lease is over or nearly so. Nothing need be written or reported.</summary>
    Stop = 3,
}

/// <summary>One stay of a node with a shard.</summary>
public interface IShardLease
{
    /// <summary>Gets whether the lease holds at this instant, by this node's own monotonic clock, with a margin. Never waits or allocates; once
    /// <see langword="false"/> it stays so.</summary>
    /// <remarks>To be asked after the answer is made and before it is given: a process that was paused in between finds out.</remarks>
    bool MayServe { get; }
}

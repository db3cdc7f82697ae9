using Kyberium.Engine.Placement;

namespace Kyberium.Engine;

/// <summary>The placement of an engine alone with its store: every shard is its own, for ever.</summary>
public sealed class SingleNodePlacement : IPlacement
{
    private readonly IReadOnlyList<ShardGroup> _groups;
    private readonly Dictionary<ShardId, Fence> _held = new();
    private readonly Lock _lock = new();
    private ShardMap _map = ShardMap.Empty;
    private IShardHost? _host;
    private TaskCompletionSource? _left;

    /// <summary>Places all shards of these groups here.</summary>
    public SingleNodePlacement(NodeId self, IReadOnlyList<ShardGroup> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        (Self, _groups) = (self, groups);
        Members = [new ClusterMember(self, MemberState.Up)];
    }

    /// <inheritdoc/>
    public NodeId Self { get; }

    /// <inheritdoc/>
    public ShardMap Map => Volatile.Read(ref _map);

    /// <inheritdoc/>
    public IReadOnlyList<ClusterMember> Members { get; }

    /// <inheritdoc/>
    public ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        foreach (var shard in _groups.SelectMany(static group => Enumerable.Range(0, group.Count).Select(number => new ShardId(group.Name, number))))
        {
            host.Take(new ShardOrder(ShardOrderKind.Acquire, shard, default));
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _held[shard] = fence;
            _map = _map.With(shard, new ShardOwner(Self, "", fence));
        }

        return new ValueTask<IShardLease>(EndlessLease.Instance);
    }

    /// <inheritdoc/>
    public ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource? left = null;
        lock (_lock)
        {
            if (_held.TryGetValue(shard, out var held) && held == fence && _held.Remove(shard))
            {
                _map = _map.Without(shard, fence);
                left = _held.Count == 0 ? _left : null;
            }
        }

        left?.TrySetResult();       // on this thread: whoever simulates has no other
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void ReportLoad(ShardId shard, double load)
    {
        // Nobody else could take it.
    }

    /// <inheritdoc/>
    public void Correct(ShardId shard, ShardOwner owner)
    {
        // There is no other owner.
    }

    /// <inheritdoc/>
    public async ValueTask LeaveAsync(CancellationToken cancellationToken = default)
    {
        List<KeyValuePair<ShardId, Fence>> held;
        Task left;
        lock (_lock)
        {
            left = _held.Count == 0 ? Task.CompletedTask : (_left ??= new TaskCompletionSource()).Task;
            held = [.. _held];
        }

        foreach (var (shard, fence) in held)
        {
            _host!.Take(new ShardOrder(ShardOrderKind.GiveUp, shard, fence));
        }

        await left.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does nothing: there is nothing that it keeps.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

using System.Collections.Concurrent;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>A placement whose orders a test gives.</summary>
internal sealed class OrderedPlacement(int shardCount) : IPlacement
{
    private IShardHost _host = null!;

    public NodeId Self { get; } = new("here");

    public ShardMap Map => ShardMap.Empty;

    public IReadOnlyList<ClusterMember> Members => [];

    /// <summary>Gets what was reported as acquired, in order.</summary>
    internal ConcurrentQueue<(ShardId Shard, Fence Fence)> Acquired { get; } = new();

    /// <summary>Gets what was reported as released, in order.</summary>
    internal ConcurrentQueue<(ShardId Shard, Fence Fence)> Released { get; } = new();

    /// <summary>Gets the latest lease given for each shard.</summary>
    internal ConcurrentDictionary<ShardId, TestLease> Leases { get; } = new();

    /// <summary>Gets or sets what happens to the next report of a release.</summary>
    internal Exception? FailsRelease { get; set; }

    /// <summary>Gets or sets whether leases hold when they are given.</summary>
    internal volatile bool GivesLeases = true;

    internal static ShardId Shard(int number) => new(ShardId.DefaultGroup, number);

    internal Fence FenceOf(int number) => Acquired.Last(acquired => acquired.Shard == Shard(number)).Fence;

    internal void Order(ShardOrderKind kind, int number, Fence fence = default) => _host.Take(new ShardOrder(kind, Shard(number), fence));

    public ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default)
    {
        _host = host;
        for (var number = 0; number < shardCount; number++)
        {
            Order(ShardOrderKind.Acquire, number);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        Acquired.Enqueue((shard, fence));
        return new(Leases[shard] = new TestLease { MayServe = GivesLeases });
    }

    public ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        if (FailsRelease is { } failure)
        {
            FailsRelease = null;
            return ValueTask.FromException(failure);
        }

        Released.Enqueue((shard, fence));
        return ValueTask.CompletedTask;
    }

    public void ReportLoad(ShardId shard, double load)
    {
        // No plan is made of it here.
    }

    public void Correct(ShardId shard, ShardOwner owner)
    {
        // Nobody asks other nodes here.
    }

    public ValueTask LeaveAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal sealed class TestLease : IShardLease
    {
        private volatile bool _mayServe;

        public bool MayServe
        {
            get => _mayServe;
            set => _mayServe = value;
        }
    }
}

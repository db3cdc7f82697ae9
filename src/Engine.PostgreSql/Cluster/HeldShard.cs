namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>One life of this node in the cluster: until when it may serve.</summary>
internal sealed class NodeLife(TimeProvider time, long incarnation)
{
    private long _validUntil = long.MinValue;

    internal long Incarnation => incarnation;

    internal bool Holds => Elapsed(time).Ticks < Interlocked.Read(ref _validUntil);

    /// <summary>Gets this process's monotonic time.</summary>
    internal static TimeSpan Elapsed(TimeProvider time) => time.GetElapsedTime(0);

    internal void Extend(TimeSpan validUntil) => Interlocked.Exchange(ref _validUntil, validUntil.Ticks);

    internal void End() => Interlocked.Exchange(ref _validUntil, long.MinValue);
}

/// <summary>A shard that this node serves.</summary>
internal sealed class HeldShard(ShardId shard, Fence fence, NodeLife life) : IShardLease
{
    private volatile bool _isOver;

    internal ShardId Shard => shard;

    internal Fence Fence => fence;

    internal NodeLife Life => life;

    /// <summary>Gets or sets whether the host has finished with it, and the database is being told.</summary>
    internal bool IsReleased { get; set; }

    /// <inheritdoc/>
    public bool MayServe
    {
        get
        {
            if (!_isOver && !life.Holds)
            {
                _isOver = true;     // a renewal that comes a moment later does not bring it back
            }

            return !_isOver;
        }
    }

    internal void End() => _isOver = true;
}

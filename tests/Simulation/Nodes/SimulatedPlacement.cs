using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>A process's place in a cluster of which nothing else is seen: shards are ordered away and back, and its lease may end.</summary>
/// <remarks>Orders are levels: what is not so yet is ordered again.</remarks>
internal sealed class SimulatedPlacement(SimulatedWorld world, SimulatedProcess process, int shardCount) : IPlacement
{
    private const long LookMicros = 250_000;

    private readonly Place[] _places = [.. Enumerable.Range(0, shardCount).Select(static number => new Place(new ShardId(ShardId.DefaultGroup, number)))];
    private IShardHost? _host;
    private Lease _lease = new();
    private bool _isOver;

    public NodeId Self { get; } = new("self");

    public ShardMap Map => ShardMap.Empty;

    public IReadOnlyList<ClusterMember> Members => [];

    /// <summary>Gets whether everything is here and nothing is on its way.</summary>
    internal bool IsSteady => _lease.MayServe && Array.TrueForAll(_places, static place => place is { IsWanted: true, Held: not null });

    /// <summary>Gets whether shards were dropped here without a last checkpoint.</summary>
    internal bool HasLostLease { get; private set; }

    /// <summary>Gives no more orders: another process has been given everything. What is held here goes on, for this one's clock may be wrong.</summary>
    internal void Depose() => _isOver = true;

    public ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default)
    {
        _host = host;
        Look();
        world.After(process, LookMicros, LookOn);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        _places[shard.Number].Held = _lease.MayServe ? fence : null;
        return new(_lease);
    }

    public ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
    {
        var place = _places[shard.Number];
        place.Held = place.Held == fence ? null : place.Held;
        return ValueTask.CompletedTask;
    }

    public void ReportLoad(ShardId shard, double load)
    {
        // Nothing is planned.
    }

    public void Correct(ShardId shard, ShardOwner owner)
    {
        // Nobody else is asked.
    }

    public ValueTask LeaveAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _isOver = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Orders a shard away, and back after a time.</summary>
    internal void Move(int number, long awayMicros)
    {
        var place = _places[number];
        if (_host is not null && place.IsWanted)
        {
            world.Note(process.Name, $"shard {number} is ordered away");
            place.IsWanted = false;
            Look();
            world.After(process, awayMicros, () =>
            {
                place.IsWanted = true;
                Look();
            });
        }
    }

    /// <summary>Ends the lease: nothing may be answered from now on. The order to stop comes later, and the next lease after that.</summary>
    internal void LoseLease(long toldMicros, long awayMicros)
    {
        if (_host is null || !_lease.MayServe)
        {
            return;
        }

        world.Note(process.Name, "its lease is over");
        (_lease.MayServe, HasLostLease) = (false, true);
        world.After(process, toldMicros, () =>
        {
            foreach (var place in _places)
            {
                if (place.Held is { } fence)
                {
                    place.Held = null;
                    _host.Take(new ShardOrder(ShardOrderKind.Stop, place.Shard, fence));
                }
            }
        });
        world.After(process, toldMicros + awayMicros, () => _lease = new Lease());
    }

    private void LookOn()
    {
        if (!_isOver)
        {
            Look();
            world.After(process, LookMicros, LookOn);
        }
    }

    private void Look()
    {
        foreach (var place in _places)
        {
            if (_isOver || !_lease.MayServe)
            {
                return;
            }

            if (place is { IsWanted: true, Held: null })
            {
                _host!.Take(new ShardOrder(ShardOrderKind.Acquire, place.Shard, default));
            }
            else if (place is { IsWanted: false, Held: { } fence })
            {
                _host!.Take(new ShardOrder(ShardOrderKind.GiveUp, place.Shard, fence));
            }
        }
    }

    private sealed class Place(ShardId shard)
    {
        internal ShardId Shard { get; } = shard;

        internal bool IsWanted { get; set; } = true;

        internal Fence? Held { get; set; }
    }

    private sealed class Lease : IShardLease
    {
        public bool MayServe { get; set; } = true;
    }
}

using System.Collections.Concurrent;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Nodes of one cluster in one process, over one store in memory. A test gives the plan; links and maps can be made to fail.</summary>
internal sealed class MemoryCluster : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly InMemoryJournal _store = new();
    private readonly LentKeyring _keyring = new();
    private readonly Dictionary<ShardId, Place> _places = [];
    private readonly List<Node> _nodes = [];
    private ShardMap _map = ShardMap.Empty;

    internal MemoryCluster(int shardCount = 2)
    {
        foreach (var shard in Enumerable.Range(0, shardCount).Select(static number => new ShardId(ShardId.DefaultGroup, number)).Append(ShardId.Directory))
        {
            _places[shard] = new Place();
        }
    }

    internal InMemoryNetwork Network { get; } = new();

    /// <summary>Gets or sets what nodes started from now on are told.</summary>
    internal Action<EngineOptions>? Configure { get; set; }

    internal IReadOnlyList<Node> Nodes => _nodes;

    internal IEnumerable<ShardId> Shards => _places.Keys;

    /// <summary>Starts a node; the first gets every shard.</summary>
    internal async Task<Node> StartAsync(string name)
    {
        var node = new Node(this, name);
        node.Party = new Party(name, Network, _store, _keyring.Lend(), new ClusterParts(node, node)) { Configure = Configure };
        lock (_lock)
        {
            _nodes.Add(node);
        }

        await node.Party.StartAsync();
        return node;
    }

    /// <summary>Plans a shard for a node: whoever has it gives it up, then the node takes it.</summary>
    internal void Move(ShardId shard, Node to)
    {
        lock (_lock)
        {
            var place = _places[shard];
            place.Planned = to;
            Order(shard, place);
        }
    }

    /// <summary>Moves a shard, and waits until the node has it.</summary>
    internal async Task MovedAsync(ShardId shard, Node to)
    {
        Move(shard, to);
        await HasAsync(shard, to);
    }

    internal Task HasAsync(ShardId shard, Node node) => Party.UntilAsync(() => Task.FromResult(OwnerOf(shard) == node && node.MayServe(shard)));

    internal Node? OwnerOf(ShardId shard)
    {
        lock (_lock)
        {
            return _places[shard].Owner;
        }
    }

    /// <summary>Ends a node as a lost process ends: nobody reaches it, its leases are over, its shards go to another.</summary>
    internal void Kill(Node node, Node heir)
    {
        lock (_lock)
        {
            node.IsReachable = false;
            node.Party.Crash();
            foreach (var (shard, place) in _places.Where(entry => entry.Value.Owner == node || entry.Value.Planned == node))
            {
                node.End(shard);
                place.Owner = null;
                place.Planned = heir;
                Order(shard, place);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Where(static node => node.IsReachable))
        {
            await node.Party.DisposeAsync();
        }

        await _keyring.DisposeAsync();
    }

    private static void Order(ShardId shard, Place place)
    {
        if (place.Owner is null)
        {
            place.Planned?.Host?.Take(new ShardOrder(ShardOrderKind.Acquire, shard, default));
        }
        else if (place.Owner != place.Planned)
        {
            place.Owner.Host!.Take(new ShardOrder(ShardOrderKind.GiveUp, shard, place.Fence));
        }
    }

    private sealed class Place
    {
        internal Node? Planned { get; set; }

        internal Node? Owner { get; set; }

        internal Fence Fence { get; set; }
    }

    /// <summary>One node: its engine, its placement, its links.</summary>
    internal sealed class Node(MemoryCluster cluster, string name) : IPlacement, INodeLinks
    {
        private readonly ConcurrentDictionary<ShardId, OrderedPlacement.TestLease> _leases = new();
        private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ShardMap? _kept;
        private bool _isLeaving;

        internal Party Party { get; set; } = null!;

        internal SessionEngine Engine => Party.Engine;

        internal IShardHost? Host { get; private set; }

        internal IClusterRequestHandler? Handler { get; private set; }

        internal volatile bool IsReachable = true;

        /// <summary>Gets or sets what becomes of a request that this node sends.</summary>
        internal Func<NodeId, ClusterRequest, Func<ValueTask<ClusterAnswer>>, ValueTask<ClusterAnswer>>? OnSend { get; set; }

        /// <summary>Gets how many requests this node has sent.</summary>
        internal int SentCount;

        public NodeId Self { get; } = new(name);

        public ShardMap Map => Volatile.Read(ref _kept) ?? Volatile.Read(ref cluster._map);

        public IReadOnlyList<ClusterMember> Members => [];

        /// <summary>Leaves this node with the map that it has now, but for what other nodes tell it.</summary>
        internal void KeepMap() => Volatile.Write(ref _kept, cluster._map);

        internal bool MayServe(ShardId shard) => _leases.TryGetValue(shard, out var lease) && lease.MayServe;

        internal void End(ShardId shard)
        {
            if (_leases.TryRemove(shard, out var lease))
            {
                lease.MayServe = false;
            }
        }

        public ValueTask StartAsync(IShardHost host, CancellationToken cancellationToken = default)
        {
            lock (cluster._lock)
            {
                Host = host;
                foreach (var (shard, place) in cluster._places.Where(static entry => entry.Value.Planned is null))
                {
                    place.Planned = this;
                    MemoryCluster.Order(shard, place);
                }
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask<IShardLease> AcquiredAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
        {
            lock (cluster._lock)
            {
                var place = cluster._places[shard];
                var lease = new OrderedPlacement.TestLease { MayServe = place.Planned == this && IsReachable };
                if (lease.MayServe)
                {
                    (place.Owner, place.Fence) = (this, fence);
                    _leases[shard] = lease;
                    Volatile.Write(ref cluster._map, cluster._map.With(shard, new ShardOwner(Self, "memory://" + name, fence)));
                }

                return new(lease);
            }
        }

        public ValueTask ReleasedAsync(ShardId shard, Fence fence, CancellationToken cancellationToken = default)
        {
            lock (cluster._lock)
            {
                var place = cluster._places[shard];
                if (place.Owner == this && place.Fence == fence)
                {
                    End(shard);
                    place.Owner = null;
                    MemoryCluster.Order(shard, place);
                }

                if (_isLeaving && cluster._places.Values.All(place => place.Owner != this))
                {
                    _left.TrySetResult();
                }
            }

            return ValueTask.CompletedTask;
        }

        public void ReportLoad(ShardId shard, double load)
        {
            // The test is the plan.
        }

        public void Correct(ShardId shard, ShardOwner owner)
        {
            if (_kept is { } kept)
            {
                Volatile.Write(ref _kept, kept.With(shard, owner));
            }
        }

        public async ValueTask LeaveAsync(CancellationToken cancellationToken = default)
        {
            lock (cluster._lock)
            {
                _isLeaving = true;
                var heir = cluster._nodes.Find(node => node != this && node is { IsReachable: true, _isLeaving: false, Host: not null });
                foreach (var (shard, place) in cluster._places.Where(entry => entry.Value.Owner == this || entry.Value.Planned == this))
                {
                    place.Planned = heir;
                    MemoryCluster.Order(shard, place);
                }

                if (cluster._places.Values.All(place => place.Owner != this))
                {
                    _left.TrySetResult();
                }
            }

            await _left.Task.WaitAsync(cancellationToken);
        }

        public ValueTask StartAsync(IClusterRequestHandler handler, CancellationToken cancellationToken = default)
        {
            Handler = handler;
            return ValueTask.CompletedTask;
        }

        public ValueTask<ClusterAnswer> SendAsync(NodeId node, string address, ClusterRequest request, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref SentCount);
            return OnSend is { } onSend ? onSend(node, request, AskAsync) : AskAsync();

            async ValueTask<ClusterAnswer> AskAsync()
            {
                if (!IsReachable || cluster._nodes.Find(other => other.Self == node) is not { IsReachable: true, Handler: { } handler })
                {
                    return ClusterAnswer.Failed(EngineErrorCode.NodeUnreachable, "nobody is there");
                }

                try
                {
                    // A copy that is overwritten afterwards: what a handler keeps of a request it has to copy.
                    var payload = request.Payload.ToArray();
                    var answer = await handler.HandleAsync(Self, request with { Payload = payload }, cancellationToken);
                    Array.Fill(payload, (byte)0xEE);
                    return answer;
                }
                catch (EngineException failure)
                {
                    return ClusterAnswer.Failed(failure.Code, failure.Message);
                }
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

/// <summary>The shards that this process serves, out of all: which those are, its placement orders.</summary>
internal sealed class ShardSet : IShardHost, IAsyncDisposable
{
    private readonly ShardEnvironment _environment;
    private readonly Shard?[] _shards;
    private readonly ShardKeeper[] _keepers;
    private readonly Action<ShardOrder> _directory;
    private volatile List<Task>? _starting = [];

    private ShardSet(
        ShardEnvironment environment, IPlacement placement, IHandshakeProvider? handshakes, Action<ShardId, EngineException> ended, Action<ShardOrder> directory)
    {
        _environment = environment;
        _directory = directory;
        _shards = new Shard?[environment.Settings.Shard.Count];
        _keepers = [.. Enumerable.Range(0, _shards.Length).Select(number => new ShardKeeper(
            environment, placement, handshakes, new ShardId(ShardId.DefaultGroup, number), ended,
            shard => Volatile.Write(ref _shards[number], shard)))];
    }

    internal int Count => _shards.Length;

    internal IEnumerable<Shard> Running => _shards.OfType<Shard>();

    /// <summary>Gets the shards that are to be served here and are recovering.</summary>
    internal IEnumerable<ShardId> Recovering => _keepers.Where(static keeper => keeper.IsRecovering).Select(static keeper => keeper.Id);

    /// <summary>Takes part in the placement. What that orders before its start first waits is part of this one: such shards are recovered, several at
    /// once; a damaged one stays down and the others go on, unless all are; any other failure is the start's.</summary>
    /// <param name="ended">Hears of each shard that ended by a fault.</param>
    /// <param name="directory">Takes orders for the directory's shard.</param>
    internal static async Task<ShardSet> StartAsync(
        ShardEnvironment environment, IPlacement placement, IHandshakeProvider? handshakes, Action<ShardId, EngineException> ended,
        Action<ShardOrder> directory, CancellationToken cancellationToken)
    {
        var set = new ShardSet(environment, placement, handshakes, ended, directory);
        try
        {
            var joining = placement.StartAsync(set, cancellationToken);
            var starting = set._starting!;
            set._starting = null;
            await joining.ConfigureAwait(false);
            await Task.WhenAll(starting).WaitAsync(cancellationToken).ConfigureAwait(false);
            return Array.Exists(set._keepers, static keeper => keeper.Down is null) ? set : throw set._keepers[0].Down!;
        }
        catch
        {
            await set.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Take(ShardOrder order)
    {
        if (order.Shard == ShardId.Directory)
        {
            _directory(order);
            return;
        }

        if (order.Shard.Group != ShardId.DefaultGroup || order.Shard.Number >= _keepers.Length)
        {
            return;     // of a group that is not served here
        }

        var keeper = _keepers[order.Shard.Number];
        switch (order.Kind)
        {
            case ShardOrderKind.Acquire when _starting is { } starting:
                starting.Add(keeper.AcquireAsync(WitnessOf(order.Shard)));
                break;
            case ShardOrderKind.Acquire:
                _ = keeper.TryAcquireAsync(WitnessOf(order.Shard));
                break;
            case ShardOrderKind.GiveUp:
                keeper.GiveUp(order.Fence);
                break;
            case ShardOrderKind.Stop:
                keeper.Stop(order.Fence);
                break;
            default:
                break;      // of a newer version
        }
    }

    private ShardWitness? WitnessOf(ShardId shard) => _environment.Witnesses.TryGetValue(shard, out var witness) ? witness : null;

    internal Shard Of(PeerKey peer) => At(_environment.Lookup.Of(peer));

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardRecovering"/>; or why the shard stays down until an operator
    /// has looked: <see cref="EngineErrorCode.JournalCorrupt"/>, <see cref="EngineErrorCode.ShardFenced"/>.</exception>
    internal Shard At(int number) => _shards[number] ?? throw (
        _keepers[number].Down is { } down ? ShardErrors.NotBegun(down) : ShardErrors.Recovering(_keepers[number].Id));

    /// <summary>Finds a peer's shard unless it is recovering.</summary>
    internal Shard? Find(in PeerKey peer) => _shards[_environment.Lookup.Of(peer)];

    /// <summary>Finds a peer that is in memory, unless its shard is recovering.</summary>
    internal ResidentPeer? FindResident(in PeerKey peer) => _environment.Lookup.FindResident(peer, _shards);

    /// <summary>Fetches what <see cref="FindResident"/> will most likely give into the processor's cache.</summary>
    internal void FetchResident(in PeerKey peer) => _environment.Lookup.FetchResident(peer);

    /// <summary>Gives the number of a peer's shard, wherever that is.</summary>
    internal int NumberOf(in PeerKey peer) => _environment.Lookup.Of(peer);

    internal Shard? Find(int number) => number < _shards.Length ? _shards[number] : null;

    /// <summary>Drains and checkpoints every shard. One that cannot is left as a crash would leave it.</summary>
    internal async Task StopAsync()
    {
        await Task.WhenAll(_keepers.Select(static keeper => keeper.StopAsync())).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var keeper in _keepers)
        {
            await keeper.DisposeAsync().ConfigureAwait(false);
        }
    }
}

using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

/// <summary>All shards of this process and their supervision: one that ended by a fault is recovered from its journal.</summary>
internal sealed class ShardSet : IAsyncDisposable
{
    private const int RestartMillisMin = 100;
    private const int RestartMillisMax = 10_000;

    private readonly ShardEnvironment _environment;
    private readonly IHandshakeProvider? _handshakeProvider;
    private readonly Shard?[] _shards;
    private readonly ShardLookup _lookup;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Action<ShardId, EngineException> _ended;

    private ShardSet(
        ShardEnvironment environment, IHandshakeProvider? handshakeProvider, int count, Action<ShardId, EngineException> ended)
    {
        _environment = environment;
        _handshakeProvider = handshakeProvider;
        _shards = new Shard?[count];
        _lookup = new ShardLookup(count);
        _ended = ended;
    }

    internal int Count => _shards.Length;

    internal IEnumerable<Shard> Running => _shards.OfType<Shard>();

    /// <summary>Takes over and recovers every shard, several at once; fails with the first failure.</summary>
    /// <param name="ended">Hears of each shard that ended by a fault.</param>
    internal static async Task<ShardSet> StartAsync(
        ShardEnvironment environment, IHandshakeProvider? handshakeProvider, Action<ShardId, EngineException> ended,
        CancellationToken cancellationToken)
    {
        var set = new ShardSet(environment, handshakeProvider, environment.Settings.Shard.Count, ended);
        var witnesses = (await environment.Keyring.ReadWitnessesAsync(environment.Journal.StoreId, cancellationToken).ConfigureAwait(false))
            .ToDictionary(witness => witness.Shard);
        try
        {
            var starting = new Task[set.Count];
            for (var number = 0; number < set.Count; number++)
            {
                starting[number] = set.StartAsync(number, witnesses, cancellationToken);
            }

            await Task.WhenAll(starting).ConfigureAwait(false);
            return set;
        }
        catch
        {
            await set.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal Shard Of(PeerKey peer) => At(_lookup.Of(peer));

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardRecovering"/>.</exception>
    internal Shard At(int number) => _shards[number] ?? throw ShardErrors.Recovering(new ShardId(ShardId.DefaultGroup, number));

    /// <summary>Finds a peer's shard unless it is recovering.</summary>
    internal Shard? Find(in PeerKey peer) => _shards[_lookup.Of(peer)];

    internal Shard? Find(int number) => number < _shards.Length ? _shards[number] : null;

    /// <summary>Drains and checkpoints every shard.</summary>
    internal async Task StopAsync()
    {
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        await Task.WhenAll(Running.Select(shard => shard.StopAsync().AsTask())).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            _stopping.Cancel();     // in place: CancelAsync would use the pool
        }

        foreach (var shard in Running)
        {
            await shard.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task StartAsync(int number, Dictionary<ShardId, ShardWitness> witnesses, CancellationToken cancellationToken)
    {
        var id = new ShardId(ShardId.DefaultGroup, number);
        var shard = await Shard.StartAsync(
            _environment, id, !_environment.IgnoresWitnesses && witnesses.TryGetValue(id, out var witness) ? witness : null, _handshakeProvider, cancellationToken)
            .ConfigureAwait(false);
        _shards[number] = shard;
        _ = SuperviseAsync(number, shard);
    }

    private async Task SuperviseAsync(int number, Shard shard)
    {
        var wait = RestartMillisMin;
        while (true)
        {
            try
            {
                await shard.Ended.ConfigureAwait(false);
                return;     // stopped
            }
            catch (EngineException reason)
            {
                _shards[number] = null;
                _ended(shard.Id, reason);
            }

            await shard.DisposeAsync().ConfigureAwait(false);
            while (true)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(wait), _environment.Scheduler.Time, _stopping.Token).ConfigureAwait(false);
                    shard = await Shard.StartAsync(_environment, shard.Id, null, _handshakeProvider, _stopping.Token).ConfigureAwait(false);
                    _shards[number] = shard;
                    break;
                }
                catch (OperationCanceledException)
                {
                    return;
                }
                catch (EngineException reason)
                {
                    wait = Math.Min(RestartMillisMax, wait * 2);
                    _ended(shard.Id, reason);
                }
            }
        }
    }
}
